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
from scoring.ranking import Among, Place
from scoring.sql import Lists
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
        self._reached: dict[tuple[Decimal, Decimal | None], dict[int, float] | None] = {}

    def rows(self) -> Rows:
        kept = When(group=None, then=Cast(F("score") * Value(UNIT), FLOAT))
        parts = [When(group=one.group, then=one.share()) for one in self.fading]
        groups = Q(group=None) | Q(group__in=[one.group for one in self.fading])
        rows = ContactScore.objects.filter(groups).values("contact_id")
        rows = rows.annotate(units=Sum(Case(kept, *parts, output_field=FLOAT)))
        rows = rows.annotate(sum=Cast(F("units") / Value(float(UNIT)), PRODUCT))
        return rows.annotate(value=self._bounded(Round("sum", precision=2, output_field=NUMBER)))

    def top(
        self,
        count: int,
        among: Among = ranking.unmerged,
        *,
        lowest: bool = False,
        first: Decimal | None = None,
        end: Decimal | None = None,
    ) -> list[Place]:
        if end is None and (first is None or not lowest):
            found = ranking.first_of_sum(self._lists(lowest=lowest), self._sums, count, among, lowest=lowest)
            if found is not None:
                places = [Place(pk, self._value(-units if lowest else units)) for pk, units in found]
                return [place for place in places if first is None or place.value >= first]
        elif (sums := self._reaching(first, end)) is not None:
            return [Place(pk, self._value(units)) for pk, units in ranking.first(sums, count, among, lowest=lowest)]
        order = ("units", "-contact_id") if lowest else ("-units", "contact_id")
        rows = self.between(first, end).filter(contact__in=among(None).values("pk")).order_by(*order)
        return [Place(*row) for row in rows.values_list("contact_id", "value")[:count]]

    def _lists(self, *, lowest: bool = False) -> Lists:
        sign = -1 if lowest else 1
        kept = self.kept.numbered(Cast(F("score") * Value(sign * UNIT), FLOAT), lowest=lowest)
        return [kept, *(one.part(sign, lowest=lowest) for one in self.fading)]

    def _sums(self, ids: Sequence[int]) -> dict[int, float]:
        """The sums of these contacts in units."""
        return dict(self.rows().filter(contact__in=one_of(ids)).values_list("contact_id", "units")) if ids else {}

    def _value(self, units: float) -> Decimal:
        value = decay.cents(Decimal(units) / UNIT)
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
        sums = self._reaching(first, end)
        # Where many match, a page of them is near.
        return base.having(rows) if sums is None else Q(pk__in=one_of(sorted(sums)))

    def _reaching(self, first: Decimal | None, end: Decimal | None) -> dict[int, float] | None:
        """Their sums, unless they are too many."""
        if self._is_above(first) or self._is_below(end):
            return {}
        first, end = self._effective(first, end)
        if first is None or first <= 0:
            return None
        if (first, end) not in self._reached:  # a list is filtered by those whom it then sorts
            last = None if end is None else _units(end)
            self._reached[first, end] = ranking.reaching(self._lists(), self._sums, _units(first), last)
        return self._reached[first, end]


def _reaches(bound: Decimal) -> Q:
    """The sum is rounded to a bound or more: halves of a cent away from zero."""
    return Q(units__gte=_units(bound)) if bound > 0 else Q(units__gt=_units(bound))


def _units(bound: Decimal) -> float:
    return float((bound - HALF) * UNIT)
