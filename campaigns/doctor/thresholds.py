"""Triggers that wait for a score nobody can have."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import triggers
from campaigns.doctor.consequences import Consequences
from campaigns.models import Trigger
from contacts.wording import number
from scoring.decay import cents
from scoring.doctor import Examination, Finding, Severity, examinations
from scoring.doctor.chart import Chart
from scoring.doctor.reach import Reach, reaches

CENT = 0.01


@examinations.register
class Unreachable(Examination):
    key = "unreachable_threshold"
    label = _("Thresholds that cannot be crossed")

    def findings(self, chart: Chart) -> Iterable[Finding]:
        """To cross a threshold, in either direction, somebody must be able to stand on both sides of it."""
        consequences = Consequences()
        for trigger in consequences.triggers:
            reach = reaches(chart, consequences.extras(but=trigger)).get(trigger.group_id)
            if reach is None:
                continue
            if float(trigger.threshold) > reach.highest + CENT / 2:
                if not _somebody_above(trigger):
                    yield _too_high(trigger, reach)
            elif float(trigger.threshold) < reach.lowest + CENT / 2:
                yield _too_low(trigger, reach)
            elif trigger.again == Trigger.Again.REARM and trigger.rearm_at is not None:
                yield from _never_again(trigger, trigger.rearm_at, reach)


def _somebody_above(trigger: Trigger) -> bool:
    """By points that no rule in force explains: adjusted by hand, imported, or of rules that are no longer in force."""
    above = Trigger(group_id=trigger.group_id, threshold=trigger.threshold, direction=Trigger.Direction.RISING)
    return triggers.already(above).exists()


def _too_high(trigger: Trigger, reach: Reach) -> Finding:
    values = _values(trigger, reach.highest)
    if trigger.direction == Trigger.Direction.RISING:
        what = _g("“%(trigger)s” never acts: it waits for %(threshold)s, and nobody can get beyond %(bound)s.")
    else:
        what = _g("“%(trigger)s” never acts: to fall below %(threshold)s, one would first have to be above %(bound)s.")
    return Finding(
        Severity.PROBLEM,
        (trigger,),
        what % values,
        _g(
            "All rules in force together give at most %(bound)s in %(score)s, as often as their limits, their expiry and the "
            "bounds of the score allow."
        )
        % values,
        _g("Lower the threshold to %(bound)s or less, or let the rules give more: points, limits or the highest score.")
        % values,
    )


def _too_low(trigger: Trigger, reach: Reach) -> Finding:
    values = _values(trigger, reach.lowest)
    if trigger.direction == Trigger.Direction.RISING:
        what = _g("“%(trigger)s” never acts: nobody rises to %(threshold)s, because nobody is ever below it.")
    else:
        what = _g("“%(trigger)s” never acts: nobody can fall below %(threshold)s.")
    return Finding(
        Severity.PROBLEM,
        (trigger,),
        what % values,
        _g("The lowest that the rules in force and the bounds of the score allow in %(score)s is %(bound)s.") % values,
        _g("Raise the threshold above %(bound)s, or let the score go lower.") % values,
    )


def _never_again(trigger: Trigger, rearm_at: Decimal, reach: Reach) -> Iterable[Finding]:
    rising = trigger.direction == Trigger.Direction.RISING
    if reach.lowest - CENT / 2 <= float(rearm_at) <= reach.highest + CENT / 2:
        return
    values = _values(trigger, reach.lowest if rising else reach.highest) | {"level": number(rearm_at)}
    yield Finding(
        Severity.WARNING,
        (trigger,),
        _g("“%(trigger)s” acts once for each contact, although it says “again”: nobody comes back to %(level)s.")
        % values,
        (
            _g("The lowest that the rules in force allow in %(score)s is %(bound)s.")
            if rising
            else _g("The highest that the rules in force allow in %(score)s is %(bound)s.")
        )
        % values,
        _g("Choose a re-arm level that can be reached, or leave it empty: then the threshold itself counts."),
    )


def _values(trigger: Trigger, bound: float) -> dict[str, str]:
    return {
        "trigger": trigger.name,
        "score": _g("“%(group)s”") % {"group": trigger.group.name} if trigger.group else _g("the overall score"),
        "threshold": number(trigger.threshold),
        "bound": number(cents(bound)) if math.isfinite(bound) else "",
    }
