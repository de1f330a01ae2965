"""What was measured, and what it says: value, baseline, ratio, and whether the goal is met."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

UNITS = {"s": 1, "ms": 1000, "µs": 1_000_000}  # a rate, such as "hits/s", is the count of a run by its seconds
MAX_GROWTH = 1.3  # two measurements of the same differ by as much


@dataclass(frozen=True)
class Goal:
    """A bound on the value, or on the ratio to the baseline."""

    bound: float
    of: str  # "ratio", "most" (of the value), "least" (of the value)
    to: str = "bare SQL"  # what the ratio is to

    def met(self, value: float, ratio: float) -> bool:
        if self.of == "ratio":
            return ratio <= self.bound
        return value <= self.bound if self.of == "most" else value >= self.bound

    def words(self, unit: str) -> str:
        if self.of == "ratio":
            return f"≤ {self.bound:g} × its {self.to}"
        return f"{'≤' if self.of == 'most' else '≥'} {self.bound:,g} {unit}"


@dataclass(frozen=True)
class Measured:
    """Medians of one benchmark on one database, in seconds."""

    name: str
    unit: str
    goal: Goal | None
    seconds: float
    floor: float
    count: int = 1  # of what a run does, where the unit is a rate
    steady: bool = False  # should cost the same, however much has happened before

    @staticmethod
    def write(path: Path, measured: Sequence[Measured]) -> None:
        path.write_text(json.dumps([asdict(one) for one in measured]))

    @staticmethod
    def read(path: Path) -> list[Measured]:
        rows = json.loads(path.read_text())
        return [Measured(**row | {"goal": Goal(**row["goal"]) if row["goal"] else None}) for row in rows]

    def shown(self, seconds: float) -> float:
        """Seconds in the unit of this benchmark."""
        return seconds * UNITS[self.unit] if self.unit in UNITS else self.count / seconds


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    baseline: float  # the bare SQL, in the same unit
    ratio: float  # time by the baseline's time
    goal: str | None
    met: bool | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def figures(measured: Mapping[float, Sequence[Measured]], young: Sequence[Measured] = ()) -> list[Figure]:
    """One figure for each benchmark on each share of the data, and one for how it grew from the first to the last.

    `young`: what should cost the same however much has happened, where as many contacts have the first share of the events:
    how it grew from there is what history costs, apart from what more contacts do.
    """
    (least, first), *_, (most, last) = measured.items()
    small, early = ({one.name: one for one in several} for several in (first, young))
    found = [_figure(one, f"{share:.0%} of the data") for share, several in measured.items() for one in several]
    found += [_figure(one, f"{least:.0%} of the history") for one in young]
    span = f"from {least:.0%} to {most:.0%}"
    found += [_growth(small[one.name], one, f"growth {span}") for one in last if one.name in small]
    goal = Goal(MAX_GROWTH, "most")
    found += [_growth(early[one.name], one, f"growth with history, {span}", goal) for one in last if one.name in early]
    return sorted(found, key=lambda figure: [one.name for one in last].index(figure.name.split(" · ")[0]))


def _figure(one: Measured, world: str) -> Figure:
    value, ratio = one.shown(one.seconds), one.seconds / one.floor
    goal = one.goal
    return Figure(
        name=f"{one.name} · {world}",
        value=_rounded(value),
        unit=one.unit,
        baseline=_rounded(one.shown(one.floor)),
        ratio=_rounded(ratio),
        goal=goal.words(one.unit) if goal else None,
        met=goal.met(value, ratio) if goal else None,
    )


def _growth(small: Measured, large: Measured, span: str, goal: Goal | None = None) -> Figure:
    value, baseline = large.seconds / small.seconds, large.floor / small.floor
    return Figure(
        name=f"{large.name} · {span}",
        value=_rounded(value),
        unit="×",
        baseline=_rounded(baseline),
        ratio=_rounded(value / baseline),
        goal=goal.words("×") if goal else None,
        met=goal.met(value, value / baseline) if goal else None,
    )


def _rounded(number: float) -> float:
    return float(f"{number:.3g}") if abs(number) < 1000 else float(round(number))
