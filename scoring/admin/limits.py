"""What a point action cannot sensibly say: limits that never credit or never apply, numbers beyond reason."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from scoring import wording
from scoring.admin.offered import OfferedGroups
from scoring.models import CapPeriod, CapUnit, PointAction, PointGroup, Repeat, Rule

MOST_DAYS = 36_500  # a hundred years
MOST_POINTS = 1_000_000
MOST_CAPPED = 1_000_000_000

ONE_A_DAY = {CapPeriod.DAY: 1, CapPeriod.WEEK: 7, CapPeriod.MONTH: 31}
ONE_A_WEEK = {CapPeriod.DAY: 1, CapPeriod.WEEK: 1, CapPeriod.MONTH: 6}
ONE_A_MONTH = {CapPeriod.DAY: 1, CapPeriod.WEEK: 1, CapPeriod.MONTH: 1}
# How often a repeat policy pays at most within a period, whatever happens.
AT_MOST: dict[str, dict[CapPeriod, int]] = {
    Repeat.ONCE: dict.fromkeys(CapPeriod, 1),
    Repeat.DAILY: ONE_A_DAY,
    Repeat.WEEKLY: ONE_A_WEEK,
    Repeat.MONTHLY: ONE_A_MONTH,
}


class Reasonable:
    """For admins of rules and groups: numbers stay where they can be added up for a lifetime and kept."""

    largest: ClassVar[dict[str, int]] = {
        "points": MOST_POINTS,
        "cap_amount": MOST_CAPPED,
        "cap_points": MOST_CAPPED,
        "expires_after_days": MOST_DAYS,
        "half_life_days": MOST_DAYS,
        "floor": MOST_CAPPED,
        "ceiling": MOST_CAPPED,
    }

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field and db_field.name in ("cap_unit", "cap_period"):
            field.required = False  # without an amount they say nothing
        if field and (most := self.largest.get(db_field.name)):
            field.validators += [MaxValueValidator(most), MinValueValidator(-most)]
        return field


class RuleForm(OfferedGroups, forms.ModelForm):
    """A form of a point action, or of a part of one: what it would say is looked at as a whole."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        settle(self.instance)
        if not self.errors:
            for name, objection in objections(self.instance).items():
                self.add_error(name if name in self.fields else None, objection)


def settle(rule: PointAction) -> None:
    """Let what does not matter say nothing, so that it neither makes a version nor puzzles who reads it."""
    if rule.cap_amount is None:
        rule.cap_unit, rule.cap_period, rule.cap_per_object = CapUnit.CREDITS, CapPeriod.EVER, False
    rule.cap_unit, rule.cap_period = rule.cap_unit or CapUnit.CREDITS, rule.cap_period or CapPeriod.EVER
    if wording.of_profile(rule):
        rule.repeat = Repeat.ONCE


def objections(rule: Rule) -> dict[str, str]:
    """What makes no sense, by field."""
    if wording.of_profile(rule):
        return _of_profile(rule)
    if rule.cap_amount is None:
        return {}
    times = rule.cap_amount if rule.cap_unit == CapUnit.CREDITS else rule.cap_amount // abs(rule.points or 1)
    policy = {"repeat": rule.get_repeat_display()}
    if times == 0:
        text = _g("The rule is worth %(points)d points, so a limit of %(limit)d points would never let it pay.")
        return {"cap_amount": text % {"points": abs(rule.points), "limit": rule.cap_amount}}
    if rule.cap_per_object and rule.repeat not in (Repeat.ONCE_PER_OBJECT, Repeat.ALWAYS):
        text = _g("“%(repeat)s” does not tell objects apart, so there is no limit for each on its own.")
        return {"cap_per_object": text % policy}
    if rule.cap_per_object and rule.repeat == Repeat.ONCE_PER_OBJECT:
        text = _g("“%(repeat)s” pays once for each object already, so this limit would never be reached.")
        return {"cap_per_object": text % policy}
    if (most := AT_MOST.get(rule.repeat, {}).get(CapPeriod(rule.cap_period))) and times >= most:
        text = _g("“%(repeat)s” pays no more often than that already. Leave the limit empty.")
        return {"cap_amount": text % policy}
    return {}


def fading_profile(rule: PointAction) -> str:
    """What to tell whoever puts a rule about the profile into a group whose points fade; empty otherwise."""
    if not wording.of_profile(rule) or rule.group.half_life_days is None:
        return ""
    return _g(
        "“%(rule)s” is about who the contact is, but points in %(group)s fade: put it into a group without a half-life."
    ) % {"rule": rule.name, "group": rule.group}


def profile_rules(group: PointGroup) -> list[PointAction]:
    """The rules in use in this group that are about who the contact is."""
    rules = group.pointactions.filter(archived_at__isnull=True, is_active=True).order_by("name")
    return [rule for rule in rules if wording.of_profile(rule)]


def _of_profile(rule: Rule) -> dict[str, str]:
    found = {}
    if rule.cap_amount is not None:
        found["cap_amount"] = _("A rule about the profile pays once, while it is true: it takes no limit.")
    if rule.expires_after_days is not None:
        found["expires_after_days"] = _(
            "The points of a rule about the profile go when it is no longer true, not after some days."
        )
    return {name: str(text) for name, text in found.items()}
