"""How often something was so, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

NORMAL = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True)
class Interval:
    """Where the true value is, with 95 % confidence."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Rate:
    """`count` of `total`. The count is a fraction where contacts tied at a border count in part."""

    count: float
    total: int

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> Interval:
        """Wilson's interval: right for small counts, and never outside 0 to 1. Of nothing, nothing is known."""
        if not self.total:
            return Interval(0.0, 1.0)
        pull = NORMAL**2 / self.total
        middle = (self.value + pull / 2) / (1 + pull)
        reach = NORMAL * sqrt(self.value * (1 - self.value) / self.total + pull / self.total / 4) / (1 + pull)
        return Interval(max(0.0, min(self.value, middle - reach)), min(1.0, max(self.value, middle + reach)))
