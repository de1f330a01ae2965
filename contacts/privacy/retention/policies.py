"""How long each kind of data is kept: what was decided last, else the kind's own default."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from contacts import sql
from contacts.models import RetentionPolicy
from contacts.privacy.retention.kinds import Due, Kind, in_order

LONGEST = 600  # months: fifty years


def lengths() -> dict[str, int | None]:
    """For each kind how long it is kept, in its unit; None: for good."""
    latest = RetentionPolicy.objects.order_by("kind", "-id").distinct("kind")
    decided = dict(latest.values_list("kind", "length"))
    return {kind.key: kind.default if kind.is_fixed else decided.get(kind.key, kind.default) for kind in in_order()}


def decide(kind: Kind, length: int | None, author: Any = None) -> bool:
    """Keep a kind for so long from now on; True if that is new. Asking for a time below one is refused with ValueError."""
    if kind.is_fixed or (length is not None and not 1 <= length <= LONGEST):
        raise ValueError(f"{kind.key} cannot be kept for {length}")
    with transaction.atomic():
        sql.lock_retention()
        if lengths()[kind.key] == length:
            return False
        RetentionPolicy.objects.create(kind=kind.key, length=length, author=author)
    return True


def due(kind: Kind, length: int | None, now: datetime | None = None, since: datetime | None = None) -> Due | None:
    """What of a kind that is kept for so long is to go now; None where it is kept for good."""
    if length is None:
        return None
    now = now or timezone.now()
    return Due(kind.before(length, now), now, since)
