"""Segment filters of today's scores: of a group, or overall. A contact without a score has zero."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.filters import filters
from contacts.filters.base import Entry, Filter, Operator, Rule
from contacts.filters.inputs import Input
from contacts.models import Contact
from scoring import foreseen, values
from scoring.models import PointGroup

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
        group, bounds = rule.entry.fixed["group"], _bounds(rule)
        group_id = None if group == OVERALL else group
        return foreseen.asked(values.of(group_id).contacts(*bounds, contacts), group_id, *bounds)


def _entry(group: PointGroup | None) -> Entry:
    label = _("overall score") if group is None else _("score “%s”") % group.name
    return Entry(label, OPERATORS, {"group": OVERALL if group is None else group.pk})


def _bounds(rule: Rule) -> tuple[Decimal | None, Decimal | None]:
    """From which value on, and before which."""
    if rule.op == "at_least":
        return rule.value, None
    if rule.op == "below":
        return None, rule.value
    return rule.values["from"], values.after(rule.values["to"])
