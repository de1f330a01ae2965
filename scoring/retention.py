"""What scoring does while old data are let go of: it waits, for the contacts concerned or, for a moment, altogether."""

from __future__ import annotations

from collections.abc import Sequence

from contacts.privacy.retention import holders
from scoring import scores, sql


def _hold(contact_ids: Sequence[int]) -> None:
    """As a batch holds them: whoever judges what they did, or counts it, holds the same rows."""
    sql.share_rules()
    scores.lock(contact_ids)


holders.of_contacts.append(_hold)
holders.of_all.append(sql.own_rules)
