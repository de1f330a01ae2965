"""Which events may be stored as somebody's: consent per purpose, asked once for a whole batch."""

from __future__ import annotations

from collections import defaultdict
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
    itself has said nothing. `said`: what contacts answer in the same batch, if that is not among the consents yet. It holds from
    its moment on: what they did before is judged as if it had come by itself.
    """
    asking = [
        (hit, (contact_id, purpose))
        for hit in hits
        if (contact_id := contacts[hit.id]) and (purpose := PURPOSES.get(hit.kind))
    ]
    asked = {question for _, question in asking}
    known = sql.latest_consents(asked)
    new: dict[tuple[int, str], list[Said]] = defaultdict(list)
    for contact_id, answer in said:
        if (question := (contact_id, answer.purpose)) in asked:
            new[question].append(answer)
    moments = sql.moments([hit.id for hit, question in asking if question in new]) if new else {}
    required = consent_policies.required() if asking else frozenset()

    def is_allowed(hit: Arrival, question: tuple[int, str]) -> bool:
        by_then = [answer for answer in new.get(question, ()) if answer.at <= moments[hit.id]]
        in_force = _latest(known.get(question), by_then)
        return _unanswered(hit, question[1], required) if in_force is None else in_force

    return {hit.id for hit, question in asking if not is_allowed(hit, question)}


def _latest(known: tuple[bool, datetime] | None, new: Iterable[Said]) -> bool | None:
    """The answer in force, if there is any; of two of one moment the one that came last."""
    for answer in new:
        if known is None or answer.at >= known[1]:
            known = answer.granted, answer.at
    return known and known[0]


def _unanswered(hit: Arrival, purpose: str, required: Collection[str]) -> bool:
    by_browser = purpose == Purpose.WEB_TRACKING and hit.visitor_id is not None
    return by_browser or purpose not in required
