"""Days and half-lives: how old points are, and what is left of them.

Age is counted in days of the instance's time zone, so that a score changes at midnight and not in between.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

from contacts import clock

CENT = Decimal("0.01")


def day_of(at: datetime) -> date:
    """The day of a moment where the instance is."""
    return timezone.localdate(at)


def today() -> date:
    return clock.today()


def faded(points: Decimal | float, age: int, half_life_days: int | None) -> float:
    """What points of so many days are worth: points × 2^(−age / half-life); all of them without a half-life."""
    return float(points) if half_life_days is None else float(points) * 2.0 ** (-age / half_life_days)


def cents(value: float | Decimal) -> Decimal:
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)
