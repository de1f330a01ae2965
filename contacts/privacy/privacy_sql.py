"""The contacts' statements about a person's data."""

from __future__ import annotations

from collections.abc import Sequence

from contacts.sql import tuples

IMPORT_ROWS = """
SELECT r.id FROM contacts_importrow r WHERE jsonb_typeof(r.cells) = 'array' AND EXISTS (
  SELECT FROM jsonb_array_elements_text(r.cells) cell WHERE lower(trim(cell)) = ANY(%s::text[])
)
"""


def import_rows(emails: Sequence[str]) -> list[int]:
    """The kept lines of imports that have one of these addresses in a cell. (Only waiting and wrong lines are kept.)"""
    return [pk for (pk,) in tuples(IMPORT_ROWS, [list(emails)])] if emails else []


CARRYING = 7_304_113  # of PostgreSQL's advisory locks


def begin_carrying() -> bool:
    """Be the one worker that erases those who wait, until the transaction ends; False if there is another."""
    return bool(tuples("SELECT pg_try_advisory_xact_lock(%s)", [CARRYING])[0][0])
