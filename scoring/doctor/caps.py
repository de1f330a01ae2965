"""Limits that hide a rule: it matches, and brings nothing."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from scoring import sql, wording
from scoring.doctor.chart import Chart, InForce
from scoring.doctor.findings import Examination, Finding, Severity, examinations
from scoring.models import CapUnit
from scoring.sql import Earned

DAYS = 90
FEWEST = 20  # occasions in that time: of fewer nothing follows
NEARLY_ALL = 0.95
MOST_LINES = 5_000  # of one rule are looked at: its share does not need them all


@examinations.register
class HidingCaps(Examination):
    key = "hiding_cap"
    label = _("Limits that hide a rule")

    def findings(self, chart: Chart) -> Iterable[Finding]:
        """By what the limits say, and else by what they did."""
        limited = [rule for rule in chart.rules if rule.version.kind is not None and (_own(rule) or _of_group(rule))]
        found = {rule.version.pk: finding for rule in limited if (finding := _too_small(rule))}
        asked = [rule for rule in limited if rule.version.pk not in found]
        earned = sql.earned([rule.version.pk for rule in asked], chart.ago(DAYS), MOST_LINES)
        for rule in asked:
            if finding := _hidden(rule, earned.get(rule.version.pk, Earned())):
                found[rule.version.pk] = finding
        chart.explained.update(rule.action.pk for rule in limited if rule.version.pk in found)
        return found.values()


def _own(rule: InForce) -> bool:
    return rule.version.cap_amount is not None


def _of_group(rule: InForce) -> bool:
    return rule.group.cap_points is not None and rule.version.points > 0


def _too_small(rule: InForce) -> Finding | None:
    version, group = rule.version, rule.group
    values = {"rule": rule.action.name, "points": abs(version.points), "group": group.name}
    if (
        version.cap_amount is not None
        and version.cap_unit == CapUnit.POINTS
        and version.cap_amount < abs(version.points)
    ):
        return Finding(
            Severity.PROBLEM,
            (rule.action,),
            _g("“%(rule)s” can never pay: its limit is smaller than its points.") % values,
            _g("Each time is worth %(points)d points, but its limit is %(limit)s, and no time is paid in part.")
            % (values | {"limit": wording.cap(version)}),
            _g("Raise the limit to %(points)d points or more, count it in times instead, or leave it empty.") % values,
        )
    if group.cap_points is not None and 0 < group.cap_points < version.points:
        return Finding(
            Severity.WARNING,
            (group, rule.action),
            _g("“%(rule)s” can never pay in full: the limit of “%(group)s” is smaller than its points.") % values,
            _g("One time is worth %(points)d points, but all rules of the group together bring %(limit)s.")
            % (values | {"limit": wording.group_cap(group)}),
            _g("Raise the group's limit, or give the rule the points it can really bring.") % values,
        )
    return None


def _hidden(rule: InForce, earned: Earned) -> Finding | None:
    worth = abs(rule.version.worth)
    if earned.possible < FEWEST:
        return None
    by_own, by_group = (earned.possible - earned.credited) * worth, earned.cut
    share = (by_own + by_group) / (earned.possible * worth)
    if share < NEARLY_ALL:
        return None
    of_group = by_group > by_own
    limit = wording.group_cap(rule.group) if of_group else wording.cap(rule.version)
    values = {
        "rule": rule.action.name,
        "share": int(share * 100),
        "days": DAYS,
        "group": rule.group.name,
        "limit": limit,
    }
    if of_group:
        why = _g("The points of “%(group)s” are limited: %(limit)s. Other rules use them up first.")
        advice = _g("Raise the group's limit, or lower what the other rules of the group bring.")
    else:
        why = _g("Its limit is: %(limit)s. People do this far more often than that, and it makes no difference.")
        advice = _g("Raise the limit if doing it often means something; if not, choose “Once per contact” to say so.")
    return Finding(
        Severity.WARNING,
        (rule.group, rule.action) if of_group else (rule.action,),
        _g("%(share)d %% of what “%(rule)s” would have brought in the last %(days)d days was cut by a limit.") % values,
        why % values,
        advice,
    )
