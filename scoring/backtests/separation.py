"""How well scores separate those who converted from the others: ROC AUC, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.backtests.rates import Interval
from scoring.backtests.sample import Sample, Score, exact

RESAMPLES = 2000
# Contacts drawn in all resamples together, ten seconds' worth: beyond 100,000 contacts intervals are so narrow that fewer
# resamples tell as much.
DRAWS, FEWEST_RESAMPLES = 200_000_000, 200
SEED = 20_000_101  # fixed: the same contacts give the same interval, on whichever day they are asked about

Places = NDArray[np.int64]  # of each contact, the rank of its score; equal scores have equal ranks


@dataclass(frozen=True)
class Separation:
    """The chance that one who converted scored above one who did not, equal scores counted half; its 95 % interval."""

    auc: float
    interval: Interval


@dataclass(frozen=True)
class Gain:
    """What the second of two score sets separates better than the first, on the same contacts."""

    first: float
    second: float
    interval: Interval  # of the difference

    @property
    def value(self) -> float:
        return self.second - self.first


def auc(sample: Sample) -> float:
    """Over all pairs of one who converted and one who did not: 1 where the first scored higher, ½ where equal."""
    _need_both(sample.conversions, sample.contacts)
    below = twice = 0
    for converted, others in zip(sample.converted, sample.others, strict=True):
        twice += converted * (2 * below + others)
        below += others
    return twice / (2 * sample.conversions * below)


def separation(sample: Sample, resamples: int | None = None, seed: int = SEED) -> Separation:
    places = np.arange(len(sample.scores))
    converted, others = np.repeat(places, sample.converted), np.repeat(places, sample.others)
    resamples = resamples or enough(sample.contacts)
    return Separation(auc(sample), _percentiles(_redrawn([converted], [others], resamples, seed)[:, 0]))


def gain(rows: Iterable[tuple[Score, Score, bool]], resamples: int | None = None, seed: int = SEED) -> Gain:
    """Of (first score, second score, whether the contact converted): each resample draws contacts with both scores."""
    ordered = sorted((exact(first), exact(second), converted) for first, second, converted in rows)
    outcome = np.array([converted for _, _, converted in ordered], dtype=bool)
    _need_both(int(outcome.sum()), len(ordered))
    sides = [_places([row[0] for row in ordered]), _places([row[1] for row in ordered])]
    resamples = resamples or enough(len(ordered))
    drawn = _redrawn([side[outcome] for side in sides], [side[~outcome] for side in sides], resamples, seed)
    first, second = (_auc(side[outcome], side[~outcome]) for side in sides)
    return Gain(first, second, _percentiles(drawn[:, 1] - drawn[:, 0]))


def enough(contacts: int) -> int:
    """How many resamples are drawn for so many contacts."""
    return max(FEWEST_RESAMPLES, min(RESAMPLES, DRAWS // max(contacts, 1)))


def _need_both(conversions: int, contacts: int) -> None:
    if not 0 < conversions < contacts:
        raise ValueError("AUC needs contacts who converted and contacts who did not")


def _places(scores: Sequence[float]) -> Places:
    return np.unique(np.array(scores), return_inverse=True)[1]


def _redrawn(converted: Sequence[Places], others: Sequence[Places], resamples: int, seed: int) -> NDArray[np.float64]:
    """The AUC of each score set in each resample, which draws as many who converted and as many others as there are."""
    draw = np.random.default_rng(seed)
    found = np.empty((resamples, len(converted)))
    for row in found:
        hits = draw.integers(len(converted[0]), size=len(converted[0]), dtype=np.int32)
        misses = draw.integers(len(others[0]), size=len(others[0]), dtype=np.int32)
        row[:] = [_auc(high[hits], low[misses]) for high, low in zip(converted, others, strict=True)]
    return found


def _auc(converted: Places, others: Places) -> float:
    """`auc`, from places. Whole numbers until the last step: the result is the same on every machine."""
    tied = np.bincount(others, minlength=int(converted.max()) + 1)
    twice = 2 * np.cumsum(tied) - tied
    return int(twice[converted].sum()) / (2 * len(converted) * len(others))


def _percentiles(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(low), float(high))
