"""The step of the funnel a contact is at."""

from __future__ import annotations

from django.db.models import Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from contacts.filters.base import Entry, Filter, Operator, Rule, negated
from contacts.filters.inputs import Input, Rows
from contacts.filters.registry import filters
from contacts.models import Contact, Stage

STAGES = Rows(lambda: Stage.objects.all())
ONE, SEVERAL = (Input(kind=kind, choices=STAGES) for kind in ("choice", "choices"))


@filters.register
class StageFilter(Filter):
    key = "stage"
    label = _("stage")
    family = _("Contact")

    def entries(self) -> list[Entry]:
        return [
            Entry(
                self.label,
                (
                    Operator("is", _("is"), (ONE,)),
                    Operator("is_not", _("is not"), (ONE,)),
                    Operator("one_of", _("is one of"), (SEVERAL,)),
                    Operator("before", _("is before"), (ONE,)),
                    Operator("after", _("is after"), (ONE,)),
                    Operator("reached", _("is at least"), (ONE,)),
                    Operator("empty", _("is empty")),
                    Operator("not_empty", _("is not empty")),
                ),
            )
        ]

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        position = (
            Subquery(Stage.objects.filter(pk=rule.value).values("position")) if isinstance(rule.value, int) else None
        )
        conditions = {
            "is": lambda: Q(stage=rule.value),
            "is_not": lambda: negated(Q(stage=rule.value)),
            "one_of": lambda: Q(stage__in=rule.value),
            "before": lambda: Q(stage__position__lt=position),
            "after": lambda: Q(stage__position__gt=position),
            "reached": lambda: Q(stage__position__gte=position),
            "empty": lambda: Q(stage__isnull=True),
            "not_empty": lambda: Q(stage__isnull=False),
        }
        return conditions[rule.op]()
