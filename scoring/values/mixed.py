"""The overall score where groups fade: a sum of scores that an index keeps in order, and no list of its own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Round

from contacts.filters import base
from contacts.models import Contact
from contacts.sql import one_of
from scoring import decay, ranking
from scoring.models import ContactScore, OverallScore
from scoring.ranking import Among, Component, Place
from scoring.values.listed import FLOAT, Fading, Kept
from scoring.values.score import NUMBER, Rows, Values

HALF = Decimal("0.005")  # of a cent
PRODUCT: Any = DecimalField(max_digits=30, decimal_places=4)  # of a value and a weight
UNIT = 10_000  # whole numbers of the last place of a product: floating point adds them up without an error


class Mixed(Values):
    """The overall score where groups fade: the overall row's sum and the values of the fading groups, weighted.

    Groups with one half-life would make one list; with several there is none, and no row is rewritten as days pass.
    """

    def __init__(self, bounds: OverallScore, fading: Sequence[Fading]) -> None:
        super().__init__(None, bounds)
        self.fading = fading
        self.kept = Kept(None, OverallScore())

    def rows(self) -> Rows:
        kept = When(group=None, then=Cast(F("score") * Value(UNIT), FLOAT))
        parts = [When(group=one.group, then=one.cents * Value(float(one.weight * 100))) for one in self.fading]
        groups = Q(group=None) | Q(group__in=[one.group for one in self.fading])
        rows = ContactScore.objects.filter(groups).values("contact_id")
        rows = rows.annotate(units=Sum(Case(kept, *parts, output_field=FLOAT)))
        rows = rows.annotate(sum=Cast(F("units") / Value(float(UNIT)), PRODUCT))
        return rows.annotate(value=self._bounded(Round("sum", precision=2, output_field=NUMBER)))

    def top(self, count: int, among: Among = ranking.unmerged, *, lowest: bool = False) -> list[Place]:
        found = ranking.first_of_sum(self._lists(lowest=lowest), self._sums, count, among, lowest=lowest)
        if found is not None:
            return [Place(pk, self._value(total)) for pk, total in found]
        order = ("units", "-contact_id") if lowest else ("-units", "contact_id")
        rows = self.rows().filter(contact__in=among(None).values("pk")).order_by(*order)
        return [Place(*row) for row in rows.values_list("contact_id", "value")[:count]]

    def _lists(self, *, lowest: bool = False) -> list[Component]:
        return [Component(self.kept.ranked(lowest=lowest)), *(one.part(lowest=lowest) for one in self.fading)]

    def _sums(self, ids: Sequence[int]) -> dict[int, Decimal]:
        return dict(self.rows().filter(contact__in=one_of(ids)).values_list("contact_id", "sum")) if ids else {}

    def _value(self, total: Decimal) -> Decimal:
        value = decay.cents(total)
        value = value if self.ceiling is None else min(value, Decimal(self.ceiling))
        return value if self.floor is None else max(value, Decimal(self.floor))

    def _listed(self) -> Rows:
        return self.kept.rows()

    def _between(self, first: Decimal | None, end: Decimal | None) -> Rows:
        rows = self.rows()
        if first is not None:
            rows = rows.filter(_reaches(first))
        return rows if end is None else rows.exclude(_reaches(end))

    def _having(self, first: Decimal | None, end: Decimal | None, among: QuerySet[Contact] | None, *, paged: bool) -> Q:
        rows = self.between(first, end)
        if among is not None:
            return base.having(rows)
        if not paged:
            return base.within(rows.values("contact_id"))
        ids = self._reaching(first) if end is None and not self._is_above(first) else None
        return base.having(rows) if ids is None else Q(pk__in=one_of(ids))  # where many match, a page of them is near

    def _reaching(self, first: Decimal | None) -> list[int] | None:
        first, _end = self._effective(first, None)
        return None if first is None or first <= 0 else ranking.reaching(self._lists(), self._sums, first - HALF)


def _reaches(bound: Decimal) -> Q:
    """The sum is rounded to a bound or more: halves of a cent away from zero."""
    units = float((bound - HALF) * UNIT)
    return Q(units__gte=units) if bound > 0 else Q(units__gt=units)
