"""The contacts of a back-test: how many with each score converted, and how many did not."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from math import isfinite

Score = float | Decimal

NOISE = 9  # decimals kept: sums of decayed points that differ only in the order of adding are one score


@dataclass(frozen=True)
class Sample:
    """Distinct scores from low to high with the contacts that have them; the order contacts came in leaves no trace."""

    scores: tuple[float, ...]
    converted: tuple[int, ...]
    others: tuple[int, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[Score, bool]]) -> Sample:
        """The sample of (score, whether the contact converted), one pair per contact."""
        counts = Counter((exact(score), bool(converted)) for score, converted in pairs)
        scores = sorted({score for score, _ in counts})
        return cls(
            scores=tuple(scores),
            converted=tuple(counts[score, True] for score in scores),
            others=tuple(counts[score, False] for score in scores),
        )

    @cached_property
    def conversions(self) -> int:
        return sum(self.converted)

    @cached_property
    def contacts(self) -> int:
        return self.conversions + sum(self.others)

    @cached_property
    def tied(self) -> tuple[int, ...]:
        """How many contacts have each score."""
        return tuple(converted + others for converted, others in zip(self.converted, self.others, strict=True))

    def from_score(self, score: Score) -> tuple[int, int]:
        """How many contacts have at least this score, and how many of them converted."""
        place = bisect_left(self.scores, exact(score))
        contacts, conversions = self._below[place]
        return self.contacts - contacts, self.conversions - conversions

    @cached_property
    def _below(self) -> tuple[tuple[int, int], ...]:
        """Contacts and conversions below each score, and in all."""
        contacts, conversions = accumulate(self.tied, initial=0), accumulate(self.converted, initial=0)
        return tuple(zip(contacts, conversions, strict=True))


def exact(score: Score) -> float:
    """The score without the noise of its last bits, so that equal scores are equal."""
    value = round(float(score), NOISE)
    if not isfinite(value):
        raise ValueError(f"{score} is no score")
    return value + 0.0  # minus zero is zero
