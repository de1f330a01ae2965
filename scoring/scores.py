"""The scores: a cache of the ledger, moved by differences, and the one lock of the system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max

from contacts import clock
from scoring import decay, sql
from scoring.models import PointGroup, Sweep, Turn
from scoring.purposes import purposes

HALF_LIVES = 300  # after which a group's epoch moves on: 2^1000 is near the end of floating point
Values = Mapping[tuple[int, int | None], Decimal]
Range = tuple[Decimal, Decimal]  # of scores, ends included
Ranges = Mapping[int | None, Sequence[Range]]  # by group (None: overall)


@dataclass(frozen=True, order=True)
class Delta:
    """Points that came or went in a contact's group; `forward` is what they add to its forward-decayed sum."""

    contact_id: int
    group_id: int
    points: int
    forward: float = 0.0


@dataclass(frozen=True)
class Movement:
    """A score before and after a batch, as people see it; `group_id` None is the overall score."""

    contact_id: int
    group_id: int | None
    before: Decimal
    after: Decimal


def lock(contact_ids: Iterable[int]) -> list[int]:
    """Hold these contacts' scores until the transaction ends, in contact order; returns those that exist.

    Whoever changes points, live or in a replay, holds this first: so each sees what the other has written.
    """
    return sql.lock_scores(sorted(set(contact_ids)), purposes)


def refresh(deltas: Iterable[Delta], watched: Ranges | None = None) -> list[Movement]:
    """Add what moved to the sums, and say what that moved in the scores people see. The caller holds the lock.

    `watched`: say only what passed through, or stays within, one of these ranges.
    """
    moved: dict[tuple[int, int], list[float]] = {}
    for delta in deltas:
        sums = moved.setdefault((delta.contact_id, delta.group_id), [0, 0.0])
        sums[0] += delta.points
        sums[1] += delta.forward
    rows = [
        {"contact_id": contact, "group_id": group, "points": points, "forward": forward}
        for (contact, group), (points, forward) in moved.items()
        if points or forward
    ]
    if not rows:
        return []
    ranges = None if watched is None else [(group, *ends) for group, found in watched.items() for ends in found]
    return [Movement(**row) for row in sql.refresh(rows, turned(), decay.today(), ranges)]


def between(before: Values, after: Values) -> list[Movement]:
    """The movements from one set of values to another; who is in one only has zero in the other."""
    none = Decimal()
    keys = sorted({*before, *after}, key=lambda key: (key[0], key[1] or 0))
    found = (Movement(*key, before.get(key, none), after.get(key, none)) for key in keys)
    return [movement for movement in found if movement.before != movement.after]


# --- days that turn -----------------------------------------------------------------------------------------------------


def turned() -> date:
    """The last day whose turn has been seen to: what faded since has not been told to the triggers yet."""
    last: date | None = Turn.objects.aggregate(Max("day"))["day__max"]
    return min(last or decay.today(), decay.today())


def is_new_day() -> bool:
    return not Turn.objects.filter(day=decay.today()).exists()


def turn(levels: Mapping[int | None, Sequence[Decimal]]) -> list[Movement]:
    """The scores that passed one of these levels of their group (None: overall) since the last turn, by fading alone.

    Notes that today has been turned: each movement is told once. No row of a score is touched (but all of a group once in
    some hundred half-lives, when its epoch moves on). The caller's transaction holds the rules for itself, so that no
    batch moves a score meanwhile.
    """
    since, today = turned(), decay.today()
    Turn.objects.get_or_create(day=today)
    _move_epochs(today)
    if since == today:
        return []
    midnight = clock.midnight(today)
    movements = []
    fading = PointGroup.objects.filter(half_life_days__isnull=False)
    for group in fading:
        ranges = [_passing(group, level, since, today) for level in levels.get(group.pk, ())]
        if ranges:
            movements += sql.crossed_in_group(group.pk, ranges, since, today, midnight)
    if fading and levels.get(None):
        movements += sql.crossed_overall(levels[None], since, today, midnight)
    return [Movement(**row) for row in movements]


def _move_epochs(today: date) -> None:
    """Forward sums grow without end: after some hundred half-lives they are reckoned anew, from today."""
    if Sweep.objects.filter(finished_at__isnull=True).exists():
        return  # its plan may know the sums by the old epoch
    for group in PointGroup.objects.filter(half_life_days__isnull=False):
        if (today - group.epoch).days > HALF_LIVES * (group.half_life_days or 1):
            sql.rebase(group.pk, today)
            PointGroup.objects.filter(pk=group.pk).update(epoch=today)


def _passing(group: PointGroup, level: Decimal, since: date, today: date) -> tuple[float, float]:
    """Which forward sums are on one side of a level on one day and on the other on the next; a cent wider."""
    half_life: Any = group.half_life_days
    grown = [2.0 ** ((day - group.epoch).days / half_life) for day in (since, today)]
    ends = [(float(level) + cent) * factor for factor in grown for cent in (-0.01, 0.01)]
    return min(ends), max(ends)
