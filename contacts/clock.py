"""What "now" and "today" mean to conditions: the present, unless somebody asks as of another instant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from django.utils import timezone

_instant: ContextVar[datetime | None] = ContextVar("instant", default=None)


def now() -> datetime:
    return _instant.get() or timezone.now()


def today() -> date:
    """The day of `now()` in the instance's time zone."""
    return timezone.localdate(now())


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Within, it is this instant (with a time zone) for whoever asks this clock. It moves no data: see `tracking.past`."""
    if timezone.is_naive(instant):
        raise ValueError("an instant needs a time zone")
    token = _instant.set(instant)
    try:
        yield
    finally:
        _instant.reset(token)
