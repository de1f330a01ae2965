"""The preview of a draft as files: who would cross which trigger, and whose scores change."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _g

from campaigns import forecasts
from campaigns.forecasts import Outcome
from contacts import sql
from contacts.exports import harmless
from scoring.models import PointGroup, Publication

CHUNK = 1000
MARK = "\ufeff"  # so that spreadsheets read UTF-8


def crossings(draft: Publication) -> Iterator[str]:
    """A line for each contact and trigger; memory grows with those who cross, not with what is written about them."""
    yield MARK + _line(
        [_g("trigger"), _g("direction"), _g("what would happen"), *_who(), _g("score before"), _g("score after")]
    )
    up, down = _g("up"), _g("down")
    labels = {outcome: str(outcome.label) for outcome in Outcome}
    for one in forecasts.crossings(draft):
        for row, contact in _with_contacts(one.rows, lambda row: row.contact_id):
            direction = up if row.direction == "up" else down
            yield _line([one.trigger.name, direction, labels[row.outcome], *contact, row.before, row.after])


def changes(draft: Publication) -> Iterator[str]:
    """A line for each score that changes."""
    yield MARK + _line([*_who(), _g("score"), _g("score before"), _g("score after"), _g("change")])
    names: dict[int | None, str] = dict(PointGroup.objects.values_list("pk", "name"))
    names[None] = _g("Overall score")
    rows = draft.forecasts.exclude(before=F("after")).order_by("contact_id", "group_id")
    found = rows.values_list("contact_id", "group_id", "before", "after").iterator(CHUNK)
    for (_contact_id, group_id, before, after), contact in _with_contacts(found, lambda row: row[0]):
        yield _line([*contact, names[group_id], before, after, after - before])


def _with_contacts(rows: Iterable[Any], contact_of: Callable[[Any], int]) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Each row with what the file says of its contact, fetched some at a time; merged ones have gone."""
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        found = sql.contacts([contact_of(row) for row in chunk])
        contacts = {contact[0]: contact for contact in found.values_list("pk", "email", "first_name", "last_name")}
        yield from ((row, contacts[contact_of(row)]) for row in chunk if contact_of(row) in contacts)


def _who() -> list[str]:
    return [_g("contact"), _g("email"), _g("first name"), _g("last name")]


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text


_write = csv.writer(_Echo()).writerow


def _line(cells: Sequence[Any]) -> str:
    return str(_write([harmless(cell) for cell in cells]))
