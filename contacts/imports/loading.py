"""Cleaned rows become contacts: staged by COPY, then a handful of statements for any number of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from contacts import sql as contacts_sql
from contacts import tagging, tombstones
from contacts.imports import sql
from contacts.imports.rows import Cleaned


@dataclass
class Loaded:
    """What became of some rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    erased: int = 0  # left out: people who had themselves erased

    def __iadd__(self, other: Loaded) -> Loaded:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.erased += other.erased
        return self


def load(rows: Sequence[Cleaned], note: str) -> Loaded:
    """Make or complete the contacts of rows without errors, by email. Repeating changes nothing.

    A row the database refuses, for a reason nobody foresaw, gets an error; the others go on.
    """
    fine = [row for row in rows if not row.errors]
    if not fine:
        return Loaded()
    try:
        with transaction.atomic():
            return _load(fine, note)
    except (DataError, IntegrityError) as error:
        if len(fine) == 1:
            fine[0].errors.append(("", _("The database refused this line: %s") % str(error).splitlines()[0]))
            return Loaded()
        half = len(fine) // 2
        done = load(fine[:half], note)
        done += load(fine[half:], note)
        return done


def _load(rows: Sequence[Cleaned], note: str) -> Loaded:
    tombstones.share()
    erased = tombstones.among(row.email for row in rows)
    if erased:
        rows = [row for row in rows if row.email not in erased]
    done = _load_wanted(rows, note)
    done.erased = sum(erased.values())
    return done


def _load_wanted(rows: Sequence[Cleaned], note: str) -> Loaded:
    contacts = _by_email(rows)
    contacts_sql.name_rows(
        "contacts_company", sorted({row.values["company"] for row in contacts if "company" in row.values})
    )
    tagging.named(name for row in contacts for name in row.values.get("tags", ()))
    sql.stage(_staged(row) for row in contacts)
    created = sql.insert_contacts()
    updated = sql.update_contacts()
    sql.tag_contacts()
    sql.join_segments(note)
    return Loaded(created, updated, len(rows) - created - updated)


def _by_email(rows: Iterable[Cleaned]) -> list[Cleaned]:
    """One row per contact: what several lines say of the same one is put together, the last word wins."""
    found: dict[str, Cleaned] = {}
    for row in rows:
        if (first := found.get(row.email)) is None:
            found[row.email] = Cleaned(row.line, dict(row.values), dict(row.custom))
        else:
            first.take(row)
    return list(found.values())


def _staged(row: Cleaned) -> list[object]:
    custom = json.dumps({key: value for key, value in row.custom.items() if value is not None})
    special = {"fields": custom, "tags": row.values.get("tags", []), "segments": row.values.get("segments", [])}
    return [special.get(column, row.values.get(column)) for column in sql.COLUMNS]
