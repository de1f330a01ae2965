"""The report of a back-test: everything the page and the command show about one set of scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scoring.backtests.bands import Band, Top, bands, top
from scoring.backtests.sample import Sample, Score
from scoring.backtests.thresholds import Passing, Suggestion, suggestions, table
from scoring.backtests.verdicts import Verdict, judge


@dataclass(frozen=True)
class Report:
    """Counts are facts and always there; what concludes from them is missing where they are too few to conclude."""

    verdict: Verdict
    bands: Sequence[Band]
    thresholds: Sequence[Passing]
    top: Top | None
    suggestions: Sequence[Suggestion]


def report(
    pairs: Iterable[tuple[Score, bool]], capacity: int | None = None, thresholds: Sequence[Decimal] = ()
) -> Report:
    """Of (score on the cut-off date, whether the contact converted after it), one pair per contact.

    `capacity` is how many leads sales can take in the time tested; `thresholds` are shown whatever else is.
    """
    sample = Sample.of(pairs)
    verdict = judge(sample)
    return Report(
        verdict=verdict,
        bands=bands(sample),
        thresholds=table(sample, thresholds),
        top=top(sample) if verdict.separation else None,
        suggestions=suggestions(sample, capacity) if verdict.tells else [],
    )
