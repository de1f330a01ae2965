"""Today's scores: what the sums in the rows are worth on a day, who is above or below a bound, and who comes first.

`ContactScore.score` and `forward` are sums before fading and bounds; whoever shows or compares a score reads it here. A
group's value is one monotone function of its sum for everybody, so a bound on values is a bound on sums, and their order is
the order of sums: indexes `ranking`, `ranking_today` and `ranking_overall` serve both.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal

from scoring import decay, sql
from scoring.models import OverallScore, PointGroup
from scoring.values.listed import Fading, Kept
from scoring.values.mixed import Mixed
from scoring.values.score import Rows, Values

__all__ = ["Rows", "Values", "after", "current", "every", "of"]


def of(group_id: int | None) -> Values:
    """Today's values of a group, or overall where it is None."""
    return every()[None] if group_id is None else _of_group(PointGroup.objects.get(pk=group_id))


def every() -> dict[int | None, Values]:
    """The same of all groups and overall, in two queries."""
    groups = list(PointGroup.objects.all())
    bounds = OverallScore.objects.first() or OverallScore()
    found: dict[int | None, Values] = {group.pk: _of_group(group) for group in groups}
    fading = [Fading(group, decay.today()) for group in groups if group.half_life_days and group.weight]
    found[None] = Mixed(bounds, fading) if fading else Kept(None, bounds)
    return found


def current(contact_ids: Iterable[int]) -> dict[tuple[int, int | None], Decimal]:
    """What the scores of these contacts are worth today: {(contact, group or None): value}; who is absent has zero."""
    return sql.values(sorted(set(contact_ids)), decay.today())


def after(bound: Decimal) -> Decimal:
    """The next value above a bound: what ends an interval that includes it."""
    return bound.quantize(decay.CENT, ROUND_FLOOR) + decay.CENT


def _of_group(group: PointGroup) -> Values:
    return Fading(group, decay.today()) if group.half_life_days else Kept(group, group)
