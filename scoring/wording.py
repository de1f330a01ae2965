"""Rules in words: what earns points, within which limits, how a group's lines are read as a score, and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from contacts.wording import moment, number, signed
from scoring.decay import cents, faded
from scoring.models import (
    BEGINNING,
    END,
    TERMS_OF_RULE,
    CapPeriod,
    CapUnit,
    OverallScore,
    PointAction,
    PointGroup,
    Rule,
    Terms,
    TermsVersion,
)
from scoring.publishing.types import Difference
from scoring.rulebook import GroupTerms
from scoring.sources import point_sources
from scoring.sources.base import Names, PointSource, ProfileSource

LIMITS: dict[tuple[str, str], Any] = {
    (CapUnit.CREDITS, CapPeriod.DAY): ngettext_lazy(
        "at most %(count)d time a day", "at most %(count)d times a day", "count"
    ),
    (CapUnit.CREDITS, CapPeriod.WEEK): ngettext_lazy(
        "at most %(count)d time a week", "at most %(count)d times a week", "count"
    ),
    (CapUnit.CREDITS, CapPeriod.MONTH): ngettext_lazy(
        "at most %(count)d time a month", "at most %(count)d times a month", "count"
    ),
    (CapUnit.CREDITS, CapPeriod.EVER): ngettext_lazy(
        "at most %(count)d time in all", "at most %(count)d times in all", "count"
    ),
    (CapUnit.POINTS, CapPeriod.DAY): ngettext_lazy(
        "at most %(count)d point a day", "at most %(count)d points a day", "count"
    ),
    (CapUnit.POINTS, CapPeriod.WEEK): ngettext_lazy(
        "at most %(count)d point a week", "at most %(count)d points a week", "count"
    ),
    (CapUnit.POINTS, CapPeriod.MONTH): ngettext_lazy(
        "at most %(count)d point a month", "at most %(count)d points a month", "count"
    ),
    (CapUnit.POINTS, CapPeriod.EVER): ngettext_lazy(
        "at most %(count)d point in all", "at most %(count)d points in all", "count"
    ),
}


# What a rule, a group or a trigger says, each point of it with its label and in words; by what makes it the same point.
Facts = dict[str, tuple[str, str]]
NOTHING = "–"


# --- rules ------------------------------------------------------------------------------------------------------------


def sentence(rule: Rule) -> str:
    """What earns the points of this rule."""
    return sentences([rule])[0]


def sentences(rules: Iterable[Rule]) -> list[str]:
    """What earns the points of each rule; the names they mention are fetched together, however many rules there are."""
    return [
        source.describe(rule.params, names) if source else _("Unknown source: %(key)s") % {"key": rule.source}
        for rule, source, names in _with_names(rules)
    ]


def told(rules: Iterable[Rule]) -> list[tuple[str, str]]:
    """The same as the person they are about is told it, what narrows it apart; an unknown source is told by its rule's name."""
    return [
        (str(source.told or source.label), source.plain_details(rule.params, names))
        if source
        else (getattr(rule, "name", ""), "")
        for rule, source, names in _with_names(rules)
    ]


def _with_names(rules: Iterable[Rule]) -> list[tuple[Rule, PointSource | None, Names]]:
    known = [(rule, point_sources.get(rule.source)) for rule in rules]
    names = Names(source.mentions(rule.params) for rule, source in known if source)
    return [(rule, source, names) for rule, source in known]


def of_profile(rule: Rule) -> bool:
    """Does it hold while something is true of the contact, rather than count what happens?"""
    return isinstance(point_sources.get(rule.source), ProfileSource)


def cap(rule: Rule) -> str:
    """The limit of a rule: “at most 3 times a week, for each object”; empty without one."""
    if rule.cap_amount is None:
        return ""
    words = _limit(rule.cap_unit, rule.cap_period, rule.cap_amount)
    return _("%(limit)s, for each object") % {"limit": words} if rule.cap_per_object else words


def expiry(rule: Rule) -> str:
    """How long its points last: “expires after 90 days”; empty where they do not expire."""
    days = rule.expires_after_days
    if days is None:
        return ""
    return ngettext("expires after %(count)d day", "expires after %(count)d days", days) % {"count": days}


def repeat(rule: Rule) -> str:
    """How often it pays."""
    return _("While it is true") if of_profile(rule) else str(rule.get_repeat_display())


def how_often(rule: Rule) -> str:
    """Repeat policy, limit and expiry in one line."""
    return " · ".join(part for part in (repeat(rule), cap(rule), expiry(rule)) if part)


def window(first: Any, last: Any) -> str:
    """The time in which a rule is active; empty when always."""
    if first and last:
        return _("from %(from)s to %(until)s") % {"from": moment(first), "until": moment(last)}
    if first:
        return _("from %(from)s on") % {"from": moment(first)}
    return _("until %(until)s") % {"until": moment(last)} if last else ""


# --- groups -----------------------------------------------------------------------------------------------------------


def group_cap(terms: Terms | GroupTerms) -> str:
    """The limit of a group: “at most 100 points a month”; empty without one."""
    return "" if terms.cap_points is None else _limit(CapUnit.POINTS, terms.cap_period, terms.cap_points)


def half_life(days: int | None) -> str:
    """“worth half after 30 days”; empty without a half-life."""
    if days is None:
        return ""
    return ngettext("worth half after %(count)d day", "worth half after %(count)d days", days) % {"count": days}


def bounds(floor: int | None, ceiling: int | None) -> str:
    """“from 0 to 100”; empty without bounds."""
    if floor is not None and ceiling is not None:
        return _("from %(floor)s to %(ceiling)s") % {"floor": number(floor), "ceiling": number(ceiling)}
    if floor is not None:
        return _("never below %(floor)s") % {"floor": number(floor)}
    return _("never above %(ceiling)s") % {"ceiling": number(ceiling)} if ceiling is not None else ""


def terms(terms: Terms) -> str:
    """How the lines of a group are read as a score, the weight apart."""
    parts = (half_life(terms.half_life_days), bounds(terms.floor, terms.ceiling), group_cap(terms))
    return " · ".join(part for part in parts if part)


def fading(once: Any, twice: Any, thrice: Any) -> str:
    """What ten points are worth after one, two and three half-lives, given in days."""
    left = [number(cents(faded(10, age, 1))) for age in (1, 2, 3)]
    return _(
        "10 points are worth %(half)s after %(once)s days, %(quarter)s after %(twice)s days and %(eighth)s after %(thrice)s days."
    ) % dict(zip(("half", "quarter", "eighth", "once", "twice", "thrice"), (*left, once, twice, thrice), strict=True))


# --- differences ------------------------------------------------------------------------------------------------------


def differing(before: Facts, after: Facts) -> list[Difference]:
    """Where two differ, in the order of the later one; what only the earlier one said comes last."""
    labels = {key: label for key, (label, _words) in (after | before).items()}
    keys = [*after, *(key for key in before if key not in after)]
    found = [(key, before.get(key, ("", ""))[1], after.get(key, ("", ""))[1]) for key in keys]
    return [Difference(labels[key], old or NOTHING, new or NOTHING) for key, old, new in found if old != new]


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Difference]:
    """Where two states of a point action differ, given as plain JSON: fields by their names, the group by its id."""
    old, new = facts(_standing(state) for state in (before or {}, after or {}))
    return differing(old if before else {}, new if after else {})


def facts(rules: Iterable[Rule]) -> list[Facts]:
    """What each rule says; the names they mention are fetched together, and rules about the same are described once."""
    rules = list(rules)
    about = {(rule.source, json.dumps(rule.params, sort_keys=True, default=str)): rule for rule in rules}
    described = dict(zip(about, sentences(about.values()), strict=True))
    return [
        _facts(rule, described[rule.source, json.dumps(rule.params, sort_keys=True, default=str)]) for rule in rules
    ]


def facts_of_terms(terms: Terms | OverallScore) -> Facts:
    """What the terms of a group say, or the bounds of the overall score."""
    said = {}
    if isinstance(terms, PointGroup) or (isinstance(terms, TermsVersion) and terms.group_id):
        said = {
            "weight": number(terms.weight),
            "half_life_days": half_life(terms.half_life_days),
            "cap_points": group_cap(terms),
        }
    for name in ("floor", "ceiling"):
        said[name] = "" if getattr(terms, name) is None else number(getattr(terms, name))
    labels = {"cap_points": _("limit"), "half_life_days": _("half-life")}
    return {name: (labels.get(name) or _label(terms, name), words) for name, words in said.items()}


def _facts(rule: Any, what: str) -> Facts:
    said = {
        "name": getattr(rule, "name", ""),
        "description": getattr(rule, "description", ""),
        "source": what if rule.source else "",
        "points": signed(rule.points) if rule.points else "",
        "group": rule.group.name if rule.group_id else "",
        "repeat": repeat(rule),
        "cap_amount": cap(rule),
        "expires_after_days": expiry(rule),
        "active_from": window(rule.active_from, rule.active_until),
    }
    if hasattr(rule, "is_active"):
        said["is_active"] = _("yes") if rule.is_active else _("no")
    labels = {
        "cap_amount": _("limit"),
        "expires_after_days": _("expiry"),
        "active_from": _("time"),
        "repeat": _("how often"),
    }
    return {
        name: (labels.get(name) or _label(rule, name), words) for name, words in said.items() if hasattr(rule, name)
    }


def _standing(state: Mapping[str, Any]) -> PointAction:
    rule = PointAction()
    for name in ("name", "description", *TERMS_OF_RULE, "is_active"):
        if name in state:
            field: Any = PointAction._meta.get_field(name)
            setattr(rule, field.attname, field.to_python(state[name]))
    return rule


def _label(row: Any, name: str) -> str:
    return str(row._meta.get_field(name).verbose_name)


# --- words of both ----------------------------------------------------------------------------------------------------


def in_force(first: datetime, last: datetime | None) -> str:
    """The time in which a version was in force, with BEGINNING and END (or None) for always."""
    values = {"from": moment(first) if first > BEGINNING else "", "until": moment(last) if last and last < END else ""}
    if values["from"]:
        return (_("in force from %(from)s to %(until)s") if values["until"] else _("in force since %(from)s")) % values
    return _("in force until %(until)s") % values if values["until"] else _("in force from the beginning")


def _limit(unit: str, period: str, amount: int) -> str:
    return str(LIMITS[unit, period] % {"count": amount})
