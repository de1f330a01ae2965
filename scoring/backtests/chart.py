"""Conversion by score band as a drawing: columns with the interval in which the true rate lies, and the rate of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext

from contacts.wording import with_minus
from scoring.backtests.bands import Band
from scoring.backtests.rates import Interval, Rate
from scoring.backtests.verdicts import FEWEST
from scoring.backtests.wording import percent

WIDTH, HEIGHT = 720, 260
TOP, FOOT = 8, 46  # room above the highest interval, and below it for scores and rates: beside a line they would be its
GAP = 0.28  # of a column's place


@dataclass(frozen=True)
class Column:
    band: Band
    x: float
    width: float
    y: float
    height: float
    low: float  # where the interval ends; both at the column's end where there are too few to tell
    high: float
    label: str
    rate: str

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Chart:
    """Columns from the lowest scores to the highest."""

    columns: Sequence[Column]
    base: float  # the height at which the rate of everybody is
    base_rate: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def floor(self) -> int:
        return HEIGHT - FOOT


def draw(bands: Sequence[Band], base: Rate) -> Chart:
    highest = max([_interval(band).high for band in bands] + [base.value, 0.01])
    places = 1 if max((abs(band.highest) for band in bands), default=0) < 100 else 0
    room = HEIGHT - TOP - FOOT

    def level(rate: float) -> float:
        return round(TOP + room * (1 - rate / highest), 1)

    place = WIDTH / max(len(bands), 1)
    columns = [
        Column(
            band=band,
            x=round(number * place + place * GAP / 2, 1),
            width=round(place * (1 - GAP), 1),
            y=level(band.rate.value),
            height=round(level(0) - level(band.rate.value), 1),
            low=level(_interval(band).low),
            high=level(_interval(band).high),
            label=scores(band, places),
            rate=percent(band.rate.value),
        )
        for number, band in enumerate(reversed(bands))
    ]
    return Chart(columns, level(base.value), percent(base.value))


def _interval(band: Band) -> Interval:
    """Of a handful of contacts it would fill the drawing and say nothing."""
    return band.rate.interval if band.rate.total >= FEWEST else Interval(band.rate.value, band.rate.value)


def scores(band: Band, places: int = 2) -> str:
    low, high = points(band.lowest, places), points(band.highest, places)
    if low == high:
        return low
    if band.lowest < 0:  # a dash beside a minus sign cannot be read
        return gettext("%(low)s to %(high)s") % {"low": low, "high": high}
    return f"{low}–{high}"


def points(score: float, places: int = 2) -> str:
    """A score as people write it: to the hundredth, where it has any."""
    rounded = round(score, places) + 0.0
    whole = int(rounded) if rounded == int(rounded) else rounded
    return with_minus(number_format(whole, use_l10n=True, force_grouping=True))
