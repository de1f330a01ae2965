"""Conditions about scores, asked of what a draft would make of them rather than of what they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal

from django.db.models import Q

from contacts.filters.base import having, negated
from scoring.models import Forecast
from scoring.values.score import within

_draft: ContextVar[int | None] = ContextVar("draft", default=None)


@contextmanager
def after(publication_id: int) -> Iterator[None]:
    """Within, conditions that are made ask for the scores that the forecast of this draft foresees."""
    token = _draft.set(publication_id)
    try:
        yield
    finally:
        _draft.reset(token)


def asked(today: Q, group_id: int | None, first: Decimal | None, end: Decimal | None) -> Q:
    """Whose score is within bounds: by `today`, or by the forecast asked about where that moves their score."""
    if (draft := _draft.get()) is None:
        return today
    moved = Forecast.objects.filter(publication=draft, group=group_id)
    return having(moved.filter(within("after", first, end))) | (today & negated(having(moved)))
