"""The verdict on a score, and on a draft of other rules against the rules in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scoring.backtests.rates import Rate
from scoring.backtests.sample import Sample, Score
from scoring.backtests.separation import Gain, Separation, gain, separation

# With fewer on either side, one contact more or less moves the AUC by several points and the bootstrap misleads.
FEWEST = 20
CHANCE = 0.5


class Worth(StrEnum):
    TOO_FEW_CONVERSIONS = "too_few_conversions"
    TOO_FEW_OTHERS = "too_few_others"
    ALL_EQUAL = "all_equal"
    WRONG_WAY = "wrong_way"
    CHANCE = "chance"
    LITTLE = "little"
    FAIR = "fair"
    GOOD = "good"
    VERY_GOOD = "very_good"
    TOO_GOOD = "too_good"  # to be true: a rule may count the outcome itself


class Change(StrEnum):
    TOO_FEW_CONVERSIONS = "too_few_conversions"
    TOO_FEW_OTHERS = "too_few_others"
    SAME_ORDER = "same_order"
    NO_DIFFERENCE = "no_difference"
    BETTER = "better"
    WORSE = "worse"


LEVELS = [(0.95, Worth.TOO_GOOD), (0.8, Worth.VERY_GOOD), (0.7, Worth.GOOD), (0.6, Worth.FAIR), (0.0, Worth.LITTLE)]


@dataclass(frozen=True)
class Verdict:
    """`separation` is missing where there are too few outcomes to measure it."""

    worth: Worth
    base: Rate
    separation: Separation | None = None

    @property
    def tells(self) -> bool:
        """Whether the score tells who will convert, so that a threshold on it means something."""
        return self.worth in {worth for _, worth in LEVELS}


@dataclass(frozen=True)
class Comparison:
    """`gain` is missing where there are too few outcomes to measure it."""

    change: Change
    base: Rate
    gain: Gain | None = None


def judge(sample: Sample) -> Verdict:
    base = Rate(sample.conversions, sample.contacts)
    if missing := _missing(base):
        return Verdict(Worth(missing), base)
    measured = separation(sample)
    return Verdict(_worth(sample, measured), base, measured)


def compare(rows: Iterable[tuple[Score, Score, bool]]) -> Comparison:
    """Of (score by the rules in force, score by the draft, whether the contact converted), one row per contact."""
    known = list(rows)
    base = Rate(sum(converted for _, _, converted in known), len(known))
    if missing := _missing(base):
        return Comparison(Change(missing), base)
    measured = gain(known)
    return Comparison(_change(measured), base, measured)


def _missing(base: Rate) -> str | None:
    if base.count < FEWEST:
        return Worth.TOO_FEW_CONVERSIONS.value
    return Worth.TOO_FEW_OTHERS.value if base.total - base.count < FEWEST else None


def _worth(sample: Sample, measured: Separation) -> Worth:
    if len(sample.scores) == 1:
        return Worth.ALL_EQUAL
    if CHANCE in measured.interval:
        return Worth.CHANCE
    if measured.interval.high < CHANCE:
        return Worth.WRONG_WAY
    return next(worth for level, worth in LEVELS if measured.auc >= level)


def _change(measured: Gain) -> Change:
    if measured.interval.low == measured.interval.high == 0:
        return Change.SAME_ORDER
    if 0.0 in measured.interval:
        return Change.NO_DIFFERENCE
    return Change.BETTER if measured.interval.low > 0 else Change.WORSE
