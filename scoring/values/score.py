"""What can be asked about one score: everybody's value, who is within bounds, who comes first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import ROUND_CEILING, Decimal
from typing import Any

from django.db.models import DecimalField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Greatest, Least

from contacts.filters import base
from contacts.models import Contact
from scoring import decay, ranking
from scoring.models import OverallScore, PointGroup
from scoring.ranking import Among, Place

Rows = QuerySet[Any, Any]  # of ContactScore, annotated with `value`

NUMBER: Any = DecimalField(max_digits=30, decimal_places=2)


class Values(ABC):
    """The values of one score on one day. A contact without a row has zero, which bounds never exclude."""

    def __init__(self, group: PointGroup | None, bounds: PointGroup | OverallScore) -> None:
        self.group, self.floor, self.ceiling = group, bounds.floor, bounds.ceiling

    @abstractmethod
    def rows(self) -> Rows:
        """Who has a row: `contact_id` and today's `value`."""

    @abstractmethod
    def top(
        self,
        count: int,
        among: Among = ranking.unmerged,
        *,
        lowest: bool = False,
        first: Decimal | None = None,
        end: Decimal | None = None,
    ) -> list[Place]:
        """The first by value, with first <= value < end, among some contacts, of those who have a row.

        Equal ones by age of the contact. What order bounds and rounding hide still counts. `lowest` is the same order from
        its other end.
        """

    def between(self, first: Decimal | None = None, end: Decimal | None = None) -> Rows:
        """The rows with first <= value < end, found by an index where the bound is on the far side of zero."""
        if self._is_above(first) or self._is_below(end):
            return self.rows().none()
        return self._between(*self._effective(first, end))

    def at_least(self, bound: Decimal) -> Rows:
        return self.between(bound, None)

    def below(self, bound: Decimal) -> Rows:
        return self.between(None, bound)

    def contacts(
        self,
        first: Decimal | None = None,
        end: Decimal | None = None,
        among: QuerySet[Contact] | None = None,
        *,
        paged: bool = False,
    ) -> Q:
        """The contacts with first <= value < end, those without a row included where zero is.

        `among`: the only ones asked about; look no further. `paged`: no more than a page of those who match will be read.
        """
        if (first is not None and first > 0) or (end is not None and end <= 0):
            return self._having(first, end, among, paged=paged)
        q = base.EVERYBODY  # but for the exceptions: there is no row to find the others by
        if first is not None:
            q &= base.negated(self._having(None, first, among, paged=paged))
        if end is not None:
            q &= base.negated(self._having(end, None, among, paged=paged))
        return q

    def annotated(self, contacts: QuerySet[Contact], name: str) -> QuerySet[Contact]:
        """Contacts with their value, None where there is no row."""
        value = self.rows().filter(contact=OuterRef("pk")).values("value")
        return contacts.annotate(**{name: Subquery(value)})

    def page(
        self,
        among: Among,
        start: int,
        count: int,
        *,
        lowest: bool = False,
        first: Decimal | None = None,
        end: Decimal | None = None,
    ) -> list[int]:
        """The ids of a page of contacts with first <= value < end, sorted; those without a row behind in either direction."""
        places = self.top(start + count, among, lowest=lowest, first=first, end=end)
        ids = [place.contact_id for place in places[start:]]
        if (missing := count - len(ids)) <= 0 or (first is not None and first > 0) or (end is not None and end <= 0):
            return ids
        skip = max(0, start - len(places))
        rest = among(None).filter(~base.having(self._listed())).order_by("-pk").values_list("pk", flat=True)
        return [*ids, *rest[skip : skip + missing]]

    @abstractmethod
    def _between(self, first: Decimal | None, end: Decimal | None) -> Rows:
        """The rows between bounds that are in cents and that floor and ceiling leave something of."""

    @abstractmethod
    def _listed(self) -> Rows:
        """Those whom `top` knows."""

    def _having(self, first: Decimal | None, end: Decimal | None, among: QuerySet[Contact] | None, *, paged: bool) -> Q:
        return base.having(self.between(first, end))  # EXISTS: looked up for those asked about alone

    def _is_above(self, first: Decimal | None) -> bool:
        return first is not None and self.ceiling is not None and first > self.ceiling

    def _is_below(self, end: Decimal | None) -> bool:
        return end is not None and self.floor is not None and end <= self.floor

    def _effective(self, first: Decimal | None, end: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
        """The bounds in cents, as values are; None where floor or ceiling keep everybody within."""
        if first is not None and self.floor is not None and first <= self.floor:
            first = None
        if end is not None and self.ceiling is not None and end > self.ceiling:
            end = None
        return _cents(first), _cents(end)

    def _bounded(self, value: Any) -> Any:
        if self.ceiling is not None:
            value = Least(value, Value(Decimal(self.ceiling), NUMBER), output_field=NUMBER)
        if self.floor is not None:
            value = Greatest(value, Value(Decimal(self.floor), NUMBER), output_field=NUMBER)
        return value


def within(column: str, first: Any, end: Any) -> Q:
    q = Q()
    if first is not None:
        q &= Q(**{f"{column}__gte": first})
    if end is not None:
        q &= Q(**{f"{column}__lt": end})
    return q


def _cents(bound: Decimal | None) -> Decimal | None:
    """The lowest value in cents that is not below a bound: on either side, values are in cents."""
    return None if bound is None else Decimal(bound).quantize(decay.CENT, ROUND_CEILING)
