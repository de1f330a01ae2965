"""What the page of a back-test shows: the answer in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from contacts.wording import whole
from scoring.backtests import answers, chart, wording
from scoring.backtests.books import DRAFT, THEN, TODAY
from scoring.backtests.reports import Report
from scoring.backtests.running import capacity_in
from scoring.backtests.thresholds import Passing
from scoring.backtests.verdicts import Worth
from scoring.models import BackTest

TONES = {
    Worth.VERY_GOOD: "good",
    Worth.GOOD: "good",
    Worth.FAIR: "good",
    Worth.LITTLE: "fair",
    Worth.TOO_GOOD: "fair",
    Worth.CHANCE: "bad",
    Worth.ALL_EQUAL: "bad",
    Worth.WRONG_WAY: "bad",
}


@dataclass(frozen=True)
class Side:
    """One rulebook among those compared."""

    name: str
    words: wording.Words
    tone: str
    auc: str
    interval: str
    lift: str
    threshold: str


@dataclass(frozen=True)
class Mark:
    """A threshold of the table, in words."""

    value: str  # for the address of the trigger's form
    threshold: str
    leads: str
    share: str
    converted: str
    precision: str
    recall: str


def shown(test: BackTest) -> dict[str, Any]:
    """The answer for the page. The test is done."""
    answer = answers.load(test.results or {})
    report = answer.reports[TODAY]
    return {
        "answer": answer,
        "report": report,
        "words": wording.verdict(report.verdict),
        "tone": tone(report),
        "contacts": whole(answer.contacts),
        "converted": whole(int(report.verdict.base.count)),
        "rate": wording.percent(report.verdict.base.value),
        "earlier": whole(answer.earlier) if answer.earlier else "",
        "lift": wording.lift(report.top) if report.top else "",
        "chart": chart.draw(report.bands, report.verdict.base) if report.bands else None,
        "marks": [mark(passing) for passing in report.thresholds],
        "suggestions": [(wording.suggestion(one), mark(one.passing), one.is_useless) for one in report.suggestions],
        "capacity": capacity(test),
        "sides": sides(answer),
        "comparison": wording.comparison(answer.comparison) if answer.comparison else None,
    }


def verdict(test: BackTest) -> str:
    """In two or three words, for lists; empty until there is one."""
    if not test.results:
        return ""
    return wording.verdict(answers.load(test.results).reports[TODAY].verdict).title


def capacity(test: BackTest) -> str:
    if test.capacity is None:
        return ""
    sentence = _("You said your sales team can call %(month)s leads a month: that is %(all)s in %(days)s days.")
    return sentence % {
        "month": whole(test.capacity),
        "all": whole(capacity_in(test) or 0),
        "days": whole(test.horizon_days),
    }


def tone(report: Report) -> str:
    return TONES.get(report.verdict.worth, "unknown")


def mark(passing: Passing) -> Mark:
    return Mark(
        value=str(passing.threshold),
        threshold=chart.points(float(passing.threshold)),
        leads=whole(passing.leads),
        share=wording.percent(passing.share.value),
        converted=whole(passing.conversions),
        precision=wording.percent(passing.precision.value),
        recall=wording.percent(passing.recall.value),
    )


def sides(answer: answers.Answer) -> Sequence[Side]:
    """Every rulebook with its own verdict, where there are several."""
    names = {TODAY: _("Today's rules"), THEN: _("The rules in force then"), DRAFT: _("The draft")}
    found = [_side(names[name], answer.reports[name]) for name in names if name in answer.reports]
    return found if len(found) > 1 else []


def _side(name: str, report: Report) -> Side:
    measured = report.verdict.separation
    useful = [one for one in report.suggestions if not one.is_useless]
    return Side(
        name=name,
        words=wording.verdict(report.verdict),
        tone=tone(report),
        auc=wording.auc(measured.auc) if measured else "–",
        interval=f"{wording.auc(measured.interval.low)} – {wording.auc(measured.interval.high)}" if measured else "",
        lift=wording.times(report.top.lift) if report.top else "–",
        threshold=chart.points(float(useful[0].passing.threshold)) if useful else "–",
    )
