"""The funnel: where contacts stand."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.models import Contact, Stage


def set_stage(contacts: QuerySet[Contact] | Iterable[int], stage: Stage | None, *, forward_only: bool = False) -> int:
    """Move the contacts to a stage; return how many moved.

    With `forward_only`, those who are at this stage's position or beyond stay where they are.
    """
    found: QuerySet[Contact] = (
        contacts if isinstance(contacts, QuerySet) else Contact.objects.filter(pk__in=set(contacts))
    )
    # One statement even for a joined or sliced selection; the condition is checked on the row as it is when locked.
    chosen = found.order_by().values_list("pk", flat=True)
    elsewhere = Contact.objects.filter(pk__in=chosen).exclude(stage=stage)
    if forward_only and stage is not None:
        further = Stage.objects.filter(position__gte=stage.position)
        elsewhere = elsewhere.filter(Q(stage__isnull=True) | ~Q(stage__in=further))
    return elsewhere.update(stage=stage, updated_at=timezone.now())
