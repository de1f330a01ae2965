"""The contacts' statements about a person's data."""

from __future__ import annotations

import re
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


def naming(table: str, columns: Sequence[str], texts: Sequence[str], condition: str = "true") -> list[int]:
    """The rows of a table in whose columns one of these texts stands, in any case. Reads all of it, once.

    (One comparison after the other: a regular expression of two hundred texts took a hundred times as long.)
    """
    patterns = [f"%{LIKE_SPECIAL.sub(WITH_BACKSLASH, text)}%" for text in texts]
    found = " OR ".join(
        f"upper({column}) LIKE ANY(ARRAY(SELECT upper(p) FROM unnest(%(patterns)s::text[]) p))" for column in columns
    )
    statement = f"SELECT id FROM {table} WHERE {condition} AND ({found})"
    return [pk for (pk,) in tuples(statement, {"patterns": patterns})] if patterns else []


LIKE_SPECIAL, WITH_BACKSLASH = re.compile(r"[%_\\]"), r"\\\g<0>"
