"""The picture of how scores spread before and after: where the bars of a histogram stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contacts.wording import labelled, number
from scoring.publishing.figures import Bin

WIDTH, HEIGHT, TOP, LEFT = 560, 120, 14, 14
MOST_LABELS = 8


@dataclass(frozen=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    kind: str  # before or after
    title: str


@dataclass(frozen=True)
class Histogram:
    bars: Sequence[Bar]
    labels: Sequence[tuple[str, str]]  # where and what
    highest: int  # what the tallest bar stands for

    @property
    def view_box(self) -> str:
        return f"0 0 {WIDTH} {TOP + HEIGHT + 18}"


def histogram(bins: Sequence[Bin]) -> Histogram:
    highest = max(max(one.before, one.after) for one in bins)
    each = (WIDTH - 2 * LEFT) / len(bins)
    bars = []
    for index, one in enumerate(bins):
        between = f"{number(one.low)} … {number(one.high)}"
        for side, (kind, count) in enumerate((("before", one.before), ("after", one.after))):
            tall = HEIGHT * count / highest
            bars.append(
                Bar(
                    x=f"{LEFT + each * (index + 0.08 + 0.42 * side):.2f}",
                    y=f"{TOP + HEIGHT - tall:.2f}",
                    width=f"{min(each * 0.42, 40):.2f}",
                    height=f"{tall:.2f}",
                    kind=kind,
                    title=labelled(between, count),
                )
            )
    every = -(-(len(bins) + 1) // MOST_LABELS)
    edges = [one.low for one in bins] + [bins[-1].high]
    labels = [(f"{LEFT + each * index:.2f}", number(edge)) for index, edge in enumerate(edges) if index % every == 0]
    return Histogram(bars, labels, highest)
