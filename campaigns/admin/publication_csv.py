"""The preview of a draft as files: who would cross which trigger, and whose scores change."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _g

from campaigns import forecasts
from contacts.exports import harmless
from contacts.models import Contact
from scoring.models import Publication

CHUNK = 1000
MARK = "\ufeff"  # so that spreadsheets read UTF-8


def crossings(draft: Publication) -> Iterator[str]:
    """A line for each contact and trigger; memory grows with those who cross, not with what is written about them."""
    yield _line(
        [_g("trigger"), _g("direction"), _g("what would happen"), *_about(None), _g("score before"), _g("score after")],
        MARK,
    )
    for one in forecasts.crossings(draft):
        for row, contact in _with_contacts(one.rows):
            direction = _g("up") if row.direction == "up" else _g("down")
            yield _line([one.trigger.name, direction, str(row.outcome.label), *_about(contact), row.before, row.after])


def changes(draft: Publication) -> Iterator[str]:
    """A line for each score that changes."""
    yield _line(
        [*_about(None), _g("score"), _g("score before"), _g("score after"), _g("change")],
        MARK,
    )
    rows = draft.forecasts.select_related("group").order_by("contact_id", "group_id")
    for row, contact in _with_contacts(rows.iterator(CHUNK)):
        score = row.group.name if row.group else _g("Overall score")
        yield _line([*_about(contact), score, row.before, row.after, row.after - row.before])


def _with_contacts(rows: Iterable[Any]) -> Iterator[tuple[Any, Contact]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        contacts = Contact.objects.in_bulk([row.contact_id for row in chunk])
        yield from ((row, contacts[row.contact_id]) for row in chunk if row.contact_id in contacts)


def _about(contact: Contact | None) -> list[Any]:
    """The columns that say who; without a contact, their headers."""
    if contact is None:
        return [_g("contact"), _g("email"), _g("first name"), _g("last name")]
    return [contact.pk, contact.email or "", contact.first_name, contact.last_name]


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def _line(cells: Sequence[Any], mark: str = "") -> str:
    return mark + str(csv.writer(_Echo()).writerow([harmless(cell) for cell in cells]))
