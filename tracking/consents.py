"""Which events may be stored as somebody's: consent per purpose, asked once for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from contacts.models import Consent, Purpose
from tracking.models import Kind

PURPOSE_OF = {
    Kind.EMAIL_OPENED: Purpose.EMAIL_TRACKING,
    Kind.EMAIL_CLICKED: Purpose.LINK_TRACKING,
    Kind.SMS_CLICKED: Purpose.LINK_TRACKING,
    Kind.PAGE_VISITED: Purpose.WEB_TRACKING,
    Kind.LANDING_PAGE_VISITED: Purpose.WEB_TRACKING,
}


class Consents:
    """The latest answers of these contacts, in one statement."""

    def __init__(self, contact_ids: Iterable[int]) -> None:
        latest = Consent.objects.filter(contact_id__in=set(contact_ids)).order_by(
            "contact_id", "purpose", "-given_at", "-id"
        )
        rows = latest.distinct("contact_id", "purpose").values_list("contact_id", "purpose", "granted")
        self.answers = {(contact_id, purpose): granted for contact_id, purpose, granted in rows}

    def allow(self, hit: dict[str, Any], contact_id: int) -> bool:
        """May this hit be stored as the contact's?

        A browser is given its visitor id only after it may be followed, so the id answers for web tracking where the
        contact itself has said nothing.
        """
        if (purpose := PURPOSE_OF.get(hit["kind"])) is None:
            return True
        answer = self.answers.get((contact_id, purpose))
        if answer is None:
            by_browser = purpose == Purpose.WEB_TRACKING and hit["visitor_id"] is not None
            return by_browser or purpose not in settings.CONSENT_REQUIRED
        return answer
