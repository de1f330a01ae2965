"""What a benchmark is, and how one is measured."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from benchmarks.figures import Goal, Measured
from config.load.plan import Plan


class Benchmark:
    """`run` is what Bareme does; `floor` is the bare SQL, or what else does the least work for the same answer.

    Both are timed in every round, one after the other, so that what disturbs one disturbs the other. Where another time
    counts than the one they take, they return it, in seconds.
    """

    name: ClassVar[str]
    unit: ClassVar[str] = "ms"  # "s", "ms", or a rate of `count`, such as "hits/s"
    goal: ClassVar[Goal | None] = None
    count: ClassVar[int] = 1
    rounds: ClassVar[int] = 5
    warm: ClassVar[int] = 1  # rounds before those that count
    steady: ClassVar[bool] = False  # should cost the same, however much has happened before
    once: ClassVar[bool] = False  # has nothing to do with how much there is: measured on the whole data only

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def set_up(self) -> None:
        """Once, not timed."""

    def prepare(self) -> None:
        """Before each round, not timed."""

    def run(self) -> float | None:
        raise NotImplementedError

    def floor(self) -> float | None:
        raise NotImplementedError

    def check(self) -> None:
        """After each round, not timed: raise where the work was not done."""

    def tear_down(self) -> None:
        """Once, not timed: what the next benchmark must not find."""

    def further(self) -> Sequence[Measured]:
        """What else there is to tell, after the last round."""
        return ()


def measure(benchmark: Benchmark, rounds: int | None = None) -> Measured:
    """The medians of the rounds."""
    benchmark.set_up()
    times = [_round(benchmark) for _ in range((rounds or benchmark.rounds) + benchmark.warm)][benchmark.warm :]
    benchmark.tear_down()
    floors, runs = zip(*times, strict=True)
    return Measured(
        name=benchmark.name,
        unit=benchmark.unit,
        goal=benchmark.goal,
        seconds=statistics.median(runs),
        floor=statistics.median(floors),
        count=benchmark.count,
        steady=benchmark.steady,
    )


def _round(benchmark: Benchmark) -> tuple[float, float]:
    benchmark.prepare()
    gc.collect()
    times = timed(benchmark.floor), timed(benchmark.run)
    benchmark.check()
    return times


def timed(work: Callable[[], float | None]) -> float:
    begun = time.perf_counter()
    told = work()
    return time.perf_counter() - begun if told is None else told
