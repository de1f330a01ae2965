"""Which events may be stored as somebody's: consent per purpose, asked once for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from contacts import consent_policies
from contacts.models import Purpose
from tracking import identity_sql as sql
from tracking.models import Kind
from tracking.sql import Arrival

PURPOSE_OF = {
    Kind.EMAIL_OPENED: Purpose.EMAIL_TRACKING,
    Kind.EMAIL_CLICKED: Purpose.LINK_TRACKING,
    Kind.SMS_CLICKED: Purpose.LINK_TRACKING,
    Kind.PAGE_VISITED: Purpose.WEB_TRACKING,
    Kind.LANDING_PAGE_VISITED: Purpose.WEB_TRACKING,
    Kind.FORM_STARTED: Purpose.WEB_TRACKING,
}
PURPOSES = {int(kind): purpose.value for kind, purpose in PURPOSE_OF.items()}


class Said(NamedTuple):
    """An answer that comes with a batch, before it is a consent of anybody."""

    hit_id: int
    purpose: str
    granted: bool
    at: datetime


def refused(
    hits: Iterable[Arrival], contacts: Mapping[int, int | None], said: Iterable[tuple[int, Said]] = ()
) -> set[int]:
    """The ids of the hits that may not be stored as their contact's (hit id → contact id).

    A browser is given its visitor id only after it may be followed, so the id answers for web tracking where the contact
    itself has said nothing. `said`: what contacts answer in the same batch, if that is not among the consents yet.
    """
    asking = [
        (hit, (contact_id, purpose))
        for hit in hits
        if (contact_id := contacts[hit.id]) and (purpose := PURPOSES.get(hit.kind))
    ]
    answers = _latest({question for _, question in asking}, said)
    required = consent_policies.required() if asking else frozenset()
    return {hit.id for hit, question in asking if not answers.get(question, _unanswered(hit, question[1], required))}


def _latest(asked: set[tuple[int, str]], said: Iterable[tuple[int, Said]]) -> dict[tuple[int, str], bool]:
    latest = sql.latest_consents(asked)
    for contact_id, answer in said:
        before = latest.get(question := (contact_id, answer.purpose))
        if before is None or answer.at >= before[1]:
            latest[question] = answer.granted, answer.at
    return {question: granted for question, (granted, _at) in latest.items()}


def _unanswered(hit: Arrival, purpose: str, required: Collection[str]) -> bool:
    by_browser = purpose == Purpose.WEB_TRACKING and hit.visitor_id is not None
    return by_browser or purpose not in required
