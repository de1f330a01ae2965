"""How high and how low the rules in force let a score get: never too narrow, so what lies beyond is out of reach for sure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scoring.doctor.chart import Chart
from scoring.models import CapPeriod, CapUnit, PointActionVersion, PointGroup, Repeat
from scoring.sources import point_sources
from scoring.sources.base import EventSource

PERIODS: dict[str, CapPeriod] = {
    Repeat.ONCE: CapPeriod.EVER,
    Repeat.ONCE_PER_OBJECT: CapPeriod.EVER,
    Repeat.DAILY: CapPeriod.DAY,
    Repeat.WEEKLY: CapPeriod.WEEK,
    Repeat.MONTHLY: CapPeriod.MONTH,
    Repeat.ALWAYS: CapPeriod.EVER,
}
SHORTEST = {CapPeriod.DAY: 1, CapPeriod.WEEK: 7, CapPeriod.MONTH: 28}  # days


@dataclass(frozen=True)
class Extra:
    """Points that come to a group by something else than its rules: `points` in all, perhaps without end (infinite)."""

    group_id: int
    points: float


@dataclass(frozen=True)
class Reach:
    lowest: float
    highest: float


def reaches(chart: Chart, extras: Iterable[Extra] = ()) -> dict[int | None, Reach]:
    """What the score of each group, and overall (None), can be for anybody, by the rules in force and these extras."""
    extras = list(extras)
    found: dict[int | None, Reach] = {pk: _of_group(chart, group, extras) for pk, group in chart.groups.items()}
    weighted = [(float(group.weight), found[pk]) for pk, group in chart.groups.items() if group.weight]
    total = Reach(
        sum(weight * reach.lowest for weight, reach in weighted),
        sum(weight * reach.highest for weight, reach in weighted),
    )
    found[None] = _bounded(total, chart.overall.floor, chart.overall.ceiling)
    return found


def _of_group(chart: Chart, group: PointGroup, extras: list[Extra]) -> Reach:
    if group.pk in chart.fed_by_hand:
        return _bounded(Reach(-math.inf, math.inf), group.floor, group.ceiling)
    versions = [rule.version for rule in chart.rules if rule.version.group_id == group.pk]
    given = [extra.points for extra in extras if extra.group_id == group.pk]
    happening = sum(_most(v) for v in versions if v.kind is not None and v.points > 0)
    if group.cap_points is not None:
        happening = min(happening, _steady(group.cap_points, group.cap_period, group.half_life_days))
    high = happening + sum(v.points for v in versions if v.kind is None and v.points > 0)
    low = sum(_most(v) for v in versions if v.points < 0)
    reach = Reach(
        low + sum(points for points in given if points < 0), high + sum(points for points in given if points > 0)
    )
    return _bounded(reach, group.floor, group.ceiling)


def _bounded(reach: Reach, floor: int | None, ceiling: int | None) -> Reach:
    low, high = (-math.inf if floor is None else floor), (math.inf if ceiling is None else ceiling)
    return Reach(max(low, min(high, reach.lowest)), max(low, min(high, reach.highest)))


def _most(version: PointActionVersion) -> float:
    """The points the rule can be worth to one contact on any day, with their sign."""
    if version.kind is None:
        return version.points
    source = point_sources.get(version.source)
    known = source.most_objects(version.params) if isinstance(source, EventSource) else None
    objects = math.inf if known is None else known
    times = {Repeat.ONCE_PER_OBJECT: objects, Repeat.ALWAYS: math.inf}.get(Repeat(version.repeat), 1)
    terms = (version.group.half_life_days, version.expires_after_days)
    most = _steady(times, PERIODS[version.repeat], *terms)
    if version.cap_amount is not None:
        credits = version.cap_amount
        if version.cap_unit == CapUnit.POINTS:
            credits //= abs(version.points)
        within = credits * objects if version.cap_per_object and credits else credits
        most = min(most, _steady(within, version.cap_period, *terms))
    return most * version.points if most else 0


def _steady(amount: float, period: str, half_life: int | None, lifetime: int | None = None) -> float:
    """What `amount` in each period can add up to on one day, as the older of it fades and expires."""
    if period == CapPeriod.EVER or not amount:
        return amount
    days = SHORTEST[CapPeriod(period)]
    periods = math.inf if lifetime is None else lifetime if days == 1 else (lifetime - 2) // days + 2
    fading = math.inf
    if half_life is not None:
        # Today is the first day of a period, and in each earlier one it happened on the last day.
        kept = 2 ** (-1 / half_life)
        fading = 1 + kept / (1 - 2 ** (-days / half_life))
    return amount * min(periods, fading)
