"""Which events may be stored as somebody's: consent per purpose, asked once for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

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
}
PURPOSES = {int(kind): purpose.value for kind, purpose in PURPOSE_OF.items()}


def refused(hits: Iterable[Arrival], contacts: Mapping[int, int | None]) -> set[int]:
    """The ids of the hits that may not be stored as their contact's (hit id → contact id).

    A browser is given its visitor id only after it may be followed, so the id answers for web tracking where the contact
    itself has said nothing.
    """
    asking = [
        (hit, (contact_id, purpose))
        for hit in hits
        if (contact_id := contacts[hit.id]) and (purpose := PURPOSES.get(hit.kind))
    ]
    answers = sql.latest_consents({question for _, question in asking})
    required = consent_policies.required() if asking else frozenset()
    return {hit.id for hit, question in asking if not answers.get(question, _unanswered(hit, question[1], required))}


def _unanswered(hit: Arrival, purpose: str, required: Collection[str]) -> bool:
    by_browser = purpose == Purpose.WEB_TRACKING and hit.visitor_id is not None
    return by_browser or purpose not in required
