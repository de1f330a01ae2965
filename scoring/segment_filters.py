"""Segment filters of scores: of a group, or overall. A contact without a score has zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.filters import filters
from contacts.filters.base import Entry, Filter, Input, Operator, Rule, having, negated
from contacts.models import Contact
from scoring.models import ContactScore, PointGroup

VALUE = Input(kind="number")
OPERATORS = (
    Operator("at_least", _("is at least"), (VALUE,)),
    Operator("below", _("is below"), (VALUE,)),
    Operator(
        "between",
        _("is between"),
        (Input(kind="number", name="from"), Input(kind="number", name="to", before=_("and"))),
    ),
)
OVERALL = "overall"


@filters.register
class ScoreFilter(Filter):
    key = "score"
    label = _("Score")
    family = _("Score")
    of_profile = False

    def entries(self) -> list[Entry]:
        groups = PointGroup.objects.filter(archived_at__isnull=True)
        return [_entry(None), *map(_entry, groups)]

    def entry(self, raw: Mapping[str, Any]) -> Entry | None:
        if (group := raw.get("group")) == OVERALL:
            return _entry(None)
        if not isinstance(group, int) or isinstance(group, bool) or abs(group) > 2**62:
            return None
        found = PointGroup.objects.filter(pk=group).first()
        return _entry(found) if found else None

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        group = rule.entry.fixed["group"]
        scores = ContactScore.objects.filter(group=None if group == OVERALL else group)
        if contacts is not None:
            scores = scores.filter(contact__in=contacts.order_by().values("pk"))
        wanted, holds = _condition(rule)
        if holds(Decimal(0)):  # so those without a row match, too: look for the exceptions
            return negated(having(scores.exclude(wanted)))
        return having(scores.filter(wanted))  # index ranking


def _entry(group: PointGroup | None) -> Entry:
    label = _("overall score") if group is None else _("score “%s”") % group.name
    return Entry(label, OPERATORS, {"group": OVERALL if group is None else group.pk})


def _condition(rule: Rule) -> tuple[Q, Callable[[Decimal], bool]]:
    """The condition on a score's row, and the same in Python."""
    if rule.op == "at_least":
        return Q(score__gte=rule.value), lambda score: score >= rule.value
    if rule.op == "below":
        return Q(score__lt=rule.value), lambda score: score < rule.value
    first, last = rule.values["from"], rule.values["to"]
    return Q(score__gte=first, score__lte=last), lambda score: first <= score <= last
