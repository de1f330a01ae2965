"""How sure one may be that one variant does better than another: exact, and safe to look at as often as one likes.

Each visitor either does what the page is for or does not. With a uniform prior on each rate, the likelihood ratio of "each
variant has its own rate" to the best single rate for both is an e-value: were the rates equal, its chance of *ever* passing
1/α while visitors keep coming is at most α (Ville's inequality). So nobody has to decide beforehand when to look. With more
than two variants α is shared among the pairs (Bonferroni).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, exp, lgamma, log, sqrt

ALPHA = 0.05
Z = 1.959963984540054  # 95 %
FEWEST = 10  # people who did it, over all variants, before anything is said


@dataclass(frozen=True)
class Tally:
    """What a variant came to."""

    visitors: int
    converted: int

    @property
    def rate(self) -> float | None:
        return self.converted / self.visitors if self.visitors else None


def wilson(tally: Tally) -> tuple[float, float]:
    """The interval that holds the true rate 95 times in 100, looked at once."""
    n = tally.visitors
    if not n:
        return 0.0, 1.0
    rate, z2 = tally.converted / n, Z * Z
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def evidence(one: Tally, other: Tally) -> float:
    """The logarithm of the e-value against "both have one rate"."""
    s, n = one.converted + other.converted, one.visitors + other.visitors
    best = (s * log(s / n) if s else 0.0) + ((n - s) * log((n - s) / n) if n > s else 0.0)
    return _log_beta(one) + _log_beta(other) - best


def winner(tallies: Sequence[Tally]) -> int | None:
    """Which of them is better than every other, by now, for all one may look; None: too few to tell."""
    if len(tallies) < 2 or sum(tally.converted for tally in tallies) < FEWEST:
        return None
    leader = max(range(len(tallies)), key=lambda at: tallies[at].rate or 0.0)
    bar = log(comb(len(tallies), 2) / ALPHA)
    others = (tally for at, tally in enumerate(tallies) if at != leader)
    return leader if all(evidence(tallies[leader], other) >= bar for other in others) else None


def chances(tallies: Sequence[Tally]) -> list[float]:
    """For each, the chance that its rate is the highest, each rate being uniform before anything was seen."""
    points = _points(tallies)
    densities = [[_density(tally, x) for x in points] for tally in tallies]
    below = [_running(points, density) for density in densities]
    found = []
    for at, density in enumerate(densities):
        product = list(density)
        for other, share in enumerate(below):
            if other != at:
                product = [one * part for one, part in zip(product, share, strict=True)]
        found.append(_running(points, product, scaled=False)[-1])
    total = sum(found) or 1.0
    return [share / total for share in found]


def _log_beta(tally: Tally) -> float:
    a, b = tally.converted + 1, tally.visitors - tally.converted + 1
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _density(tally: Tally, x: float) -> float:
    s, f = tally.converted, tally.visitors - tally.converted
    return exp((s * log(x) if s else 0.0) + (f * log(1 - x) if f else 0.0) - _log_beta(tally))


def _points(tallies: Sequence[Tally]) -> list[float]:
    """Where to look at the curves: finely wherever one of them is high."""
    points = {at / 400 for at in range(1, 400)}
    for tally in tallies:
        n = tally.visitors + 2
        mean = (tally.converted + 1) / n
        spread = sqrt(mean * (1 - mean) / (n + 1))
        points |= {mean + spread * step / 40 for step in range(-320, 321)}
    ordered = sorted(points)
    return ordered[bisect(ordered, 1e-12) : bisect(ordered, 1 - 1e-12)]


def _running(points: Sequence[float], heights: Sequence[float], *, scaled: bool = True) -> list[float]:
    """The area below the curve, up to each point."""
    total, areas = 0.0, [0.0]
    for at in range(1, len(points)):
        total += (points[at] - points[at - 1]) * (heights[at] + heights[at - 1]) / 2
        areas.append(total)
    return [area / total for area in areas] if scaled and total else areas
