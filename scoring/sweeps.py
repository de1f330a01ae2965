"""Walks over all contacts, range by range, owed by changes of profile rules and weights; resumable after any crash."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F
from django.utils import timezone

from contacts.models import Contact
from scoring.models import Sweep


def next_range(size: int) -> tuple[Sweep, Sequence[int]] | None:
    """The oldest unfinished sweep, locked, with the next contacts to look at; None when nothing is owed.

    The caller's transaction does the work and then calls `advance`.
    """
    sweep = Sweep.objects.filter(finished_at__isnull=True).select_for_update(skip_locked=True).order_by("id").first()
    if sweep is None:
        return None
    return sweep, list(Contact.objects.filter(pk__gte=sweep.next_id).order_by("pk").values_list("pk", flat=True)[:size])


def advance(sweep: Sweep, contact_ids: Sequence[int]) -> None:
    """Note that these contacts have been seen; without any, the sweep is finished."""
    if contact_ids:
        Sweep.objects.filter(pk=sweep.pk).update(next_id=max(contact_ids) + 1, seen=F("seen") + len(contact_ids))
    else:
        Sweep.objects.filter(pk=sweep.pk).update(finished_at=timezone.now())
