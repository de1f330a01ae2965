"""When days begin and end where the instance is, and what "now" and "today" mean to conditions.

That is the present, unless somebody asks as of another instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)  # before all that happened, and with a day in every time zone
_instant: ContextVar[datetime | None] = ContextVar("instant", default=None)


def now() -> datetime:
    return _instant.get() or timezone.now()


def today() -> date:
    """The day of `now()` in the instance's time zone."""
    return timezone.localdate(now())


def midnight(day: date) -> datetime:
    """The first moment of a day in the instance's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end(day: date) -> datetime:
    """The last moment of a day in the instance's time zone."""
    return midnight(day + timedelta(days=1)) - datetime.resolution


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
