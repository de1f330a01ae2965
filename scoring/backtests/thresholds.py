"""What each threshold would have passed to sales, and which thresholds to choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import floor

from scoring.backtests.rates import Rate
from scoring.backtests.sample import NOISE, Sample

STEPS = [digit * 10**power for power in range(10) for digit in (1, 5)]  # in hundredths of a point: 0.01, 0.05, 0.1 …
KEPT = 0.9  # of those who converted
# What a rounder threshold may cost: numbers people remember are worth more than the last leads of a test.
COST = 0.01


@dataclass(frozen=True)
class Passing:
    """The leads a threshold passes: contacts with at least that score."""

    threshold: Decimal
    leads: int
    conversions: int  # of these leads
    base: Rate  # of everybody

    @property
    def precision(self) -> Rate:
        """Of those who pass, how many converted."""
        return Rate(self.conversions, self.leads)

    @property
    def recall(self) -> Rate:
        """Of those who converted, how many pass."""
        return Rate(self.conversions, int(self.base.count))

    @property
    def false_alarms(self) -> Rate:
        """Of those who did not convert, how many pass."""
        return Rate(self.leads - self.conversions, self.base.total - int(self.base.count))

    @property
    def share(self) -> Rate:
        """Of everybody, how many pass: how selective the threshold is."""
        return Rate(self.leads, self.base.total)

    @property
    def by_lot(self) -> float:
        """How many would convert among as many contacts drawn by lot."""
        return self.leads * self.base.value

    @property
    def youden(self) -> float:
        """Recall less false alarms: 0 for a threshold that tells nothing, 1 for a perfect one."""
        return self.recall.value - self.false_alarms.value


@dataclass(frozen=True)
class Choice:
    """A threshold one may choose, and how round it is: the largest step, in hundredths of a point, it is a multiple of."""

    passing: Passing
    step: int


class Reason(StrEnum):
    CAPACITY = "capacity"  # as many leads as sales can take
    OVER_CAPACITY = "over_capacity"  # the fewest leads there can be, and still too many
    BALANCE = "balance"  # the largest Youden index
    KEEP = "keep"  # the highest that loses at most one in ten of those who converted


@dataclass(frozen=True)
class Suggestion:
    reason: Reason
    passing: Passing
    capacity: int | None = None

    @property
    def is_useless(self) -> bool:
        """As many drawn by lot would have converted as often: however many leads fit, these are not worth choosing."""
        return self.passing.conversions <= self.passing.by_lot


def passing(sample: Sample, threshold: Decimal) -> Passing:
    leads, conversions = sample.from_score(threshold)
    return Passing(threshold, leads, conversions, Rate(sample.conversions, sample.contacts))


def choices(sample: Sample) -> list[Choice]:
    """The thresholds that can be set, in hundredths of a point, from low to high.

    Each passes other leads than the one before; of all thresholds that pass the same leads it is the roundest.
    """
    hundredths = {floor(round(score * 100, NOISE - 2)) for score in sample.scores}
    widest = max(map(abs, hundredths), default=0)
    found: dict[int, Choice] = {}
    for step in STEPS:
        if step <= max(widest, 1):
            for mark in {value // step * step for value in hundredths}:
                choice = Choice(passing(sample, Decimal(mark).scaleb(-2)), step)
                found[choice.passing.leads] = choice
    # Floats beyond a trillion points have no hundredths: what such a mark passes may be nobody.
    return [found[leads] for leads in sorted(found, reverse=True) if leads]


def table(sample: Sample, also: Sequence[Decimal] = ()) -> list[Passing]:
    """Thresholds to show, from low to high: each passes a third to two thirds of the leads of the last; and `also`.

    The first passes everybody, and is where the scores begin.
    """
    rows: list[Passing] = []
    left = choices(sample)
    while left:
        near = [choice for choice in left if rows and 2 * choice.passing.leads >= left[0].passing.leads]
        row = max(near, key=lambda choice: choice.step, default=left[0]).passing
        rows.append(row)
        left = [choice for choice in left if 3 * choice.passing.leads <= 2 * row.leads]
    if rows and rows[0].leads == sample.contacts:
        rows[0] = passing(sample, Decimal(floor(min(sample.scores))))
    shown = {row.threshold: row for row in rows} | {mark: passing(sample, mark) for mark in also}
    return [shown[threshold] for threshold in sorted(shown)]


def suggestions(sample: Sample, capacity: int | None = None) -> list[Suggestion]:
    """Thresholds to choose, with the reason; `capacity` is how many leads sales can take in the time tested.

    They are chosen on the contacts they are measured on, so they will do a little worse on the next ones.
    """
    if not 0 < sample.conversions < sample.contacts:
        raise ValueError("a suggestion needs contacts who converted and contacts who did not")
    marks = choices(sample)
    found = [_within(marks, capacity)] if capacity is not None else []
    found.append(Suggestion(Reason.BALANCE, _balanced(marks)))
    if keeping := [mark for mark in marks if mark.passing.recall.value >= KEPT and mark.passing.share.value < 1]:
        found.append(Suggestion(Reason.KEEP, _fewest(keeping)))
    return found


def _within(marks: Sequence[Choice], capacity: int) -> Suggestion:
    """The roundest threshold that takes nine tenths of the leads that sales can take and there are."""
    fitting = [mark for mark in marks if mark.passing.leads <= capacity]
    if not fitting:
        return Suggestion(Reason.OVER_CAPACITY, marks[-1].passing, capacity)
    full = [mark for mark in fitting if 10 * mark.passing.leads >= 9 * fitting[0].passing.leads]
    return Suggestion(Reason.CAPACITY, max(full, key=lambda mark: mark.step).passing, capacity)


def _balanced(marks: Sequence[Choice]) -> Passing:
    best = max(mark.passing.youden for mark in marks)
    near = [mark for mark in marks if mark.passing.youden >= best - COST]
    return max(near, key=lambda mark: (mark.step, mark.passing.youden, mark.passing.threshold)).passing


def _fewest(marks: Sequence[Choice]) -> Passing:
    fewest = marks[-1].passing.share.value
    near = [mark for mark in marks if mark.passing.share.value <= fewest + COST]
    return max(near, key=lambda mark: (mark.step, mark.passing.threshold)).passing
