"""Today's scores: what the sums in the rows are worth on a day, who is above or below a bound, and who comes first.

`ContactScore.score` and `forward` are sums before fading and bounds; whoever shows or compares a score reads it here. A
group's value is one monotone function of its sum for everybody, so a bound on values is a bound on sums, and their order is
the order of sums: indexes `ranking`, `ranking_today` and `ranking_overall` serve both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from django.db.models import Case, DecimalField, F, FloatField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models import Sum as Total
from django.db.models.functions import Cast, Greatest, Least, Power, Round

from contacts.filters import base
from contacts.models import Contact
from contacts.sql import one_of
from scoring import decay, ranking, sql
from scoring.models import ContactScore, OverallScore, PointGroup
from scoring.ranking import Among, Component, Place

Rows = QuerySet[Any, Any]  # of ContactScore, annotated with `value`

NUMBER: Any = DecimalField(max_digits=30, decimal_places=2)
PRODUCT: Any = DecimalField(max_digits=30, decimal_places=4)  # of a value and a weight
ZERO, HALF = Decimal(), Decimal("0.005")  # of a cent


def of(group_id: int | None) -> Values:
    """Today's values of a group, or overall where it is None."""
    return every()[None] if group_id is None else _of_group(PointGroup.objects.get(pk=group_id), decay.today())


def every() -> dict[int | None, Values]:
    """The same of all groups and overall, in two queries."""
    day = decay.today()
    groups = list(PointGroup.objects.all())
    bounds = OverallScore.objects.first() or OverallScore()
    found: dict[int | None, Values] = {group.pk: _of_group(group, day) for group in groups}
    fading = [Fading(group, day) for group in groups if group.half_life_days and group.weight]
    found[None] = Mixed(bounds, fading) if fading else Kept(None, bounds)
    return found


def current(contact_ids: Iterable[int]) -> dict[tuple[int, int | None], Decimal]:
    """What the scores of these contacts are worth today: {(contact, group or None): value}; who is absent has zero."""
    return sql.values(sorted(set(contact_ids)), decay.today())


def after(bound: Decimal) -> Decimal:
    """The next value above a bound: what ends an interval that includes it."""
    return bound.quantize(decay.CENT, ROUND_FLOOR) + decay.CENT


class Values(ABC):
    """The values of one score on one day. A contact without a row has zero, which bounds never exclude."""

    def __init__(self, group: PointGroup | None, bounds: PointGroup | OverallScore) -> None:
        self.group, self.floor, self.ceiling = group, bounds.floor, bounds.ceiling

    @abstractmethod
    def rows(self) -> Rows:
        """Who has a row: `contact_id` and today's `value`."""

    @abstractmethod
    def top(self, count: int, among: Among = ranking.unmerged, *, lowest: bool = False) -> list[Place]:
        """The first by value among some contacts, of those who have a row; equal ones by age of the contact.

        What order bounds and rounding hide still counts. `lowest` is the same order from its other end.
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

    def page(self, among: Among, start: int, count: int, *, lowest: bool = False) -> list[int]:
        """The ids of a page of contacts sorted by value; those without a row come behind in either direction."""
        places = self.top(start + count, among, lowest=lowest)
        ids = [place.contact_id for place in places[start:]]
        if (missing := count - len(ids)) <= 0:
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
        rows = self.between(first, end)
        return base.having(rows if among is None else rows.filter(contact__in=among.order_by().values("pk")))

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


class Listed(Values):
    """Values whose order an index keeps: those that are a function of one column."""

    column: str

    def ranked(self, *, lowest: bool = False) -> Rows:
        """(contact_id, value) in order."""
        order = (self.column, "-contact_id") if lowest else (f"-{self.column}", "contact_id")
        return self._listed().order_by(*order).values_list("contact_id", "value")

    def top(self, count: int, among: Among = ranking.unmerged, *, lowest: bool = False) -> list[Place]:
        return ranking.first_of_list(self.ranked(lowest=lowest), count, among)


class Kept(Listed):
    """Points keep their worth: the value is the sum within its bounds."""

    column = "score"

    def rows(self) -> Rows:
        value = self._bounded(F("score"))
        return ContactScore.objects.filter(group=self.group).annotate(value=value)

    def _listed(self) -> Rows:
        return self.rows()

    def _between(self, first: Decimal | None, end: Decimal | None) -> Rows:
        return self.rows().filter(_within("score", first, end))


class Fading(Listed):
    """Points have a half-life: the value is the forward sum times one factor for everybody, within its bounds."""

    column = "forward"
    SLACK = 0.001  # rows this near to a bound are decided by their exact value

    def __init__(self, group: PointGroup, day: date) -> None:
        super().__init__(group, group)
        self.weight = group.weight
        half_life: Any = group.half_life_days
        self.exponent = max(-1000.0, min(1000.0, (group.epoch - day).days / half_life))

    @property
    def value(self) -> Any:
        factor = Power(Cast(Value(2), FloatField()), Cast(Value(self.exponent), FloatField()))
        nothing = _within("forward", self._sum(ZERO, self.SLACK), self._sum(decay.CENT, -self.SLACK))  # could underflow
        faded = Cast(F("forward") * factor, NUMBER)
        return self._bounded(Case(When(nothing, then=Value(ZERO, NUMBER)), default=faded, output_field=NUMBER))

    def rows(self) -> Rows:
        return ContactScore.objects.filter(group=self.group).annotate(value=self.value)

    def part(self, *, lowest: bool = False) -> Component:
        """What the group adds to the overall score where that is more (less) than nothing, in order."""
        side = Q(forward__lt=0) if lowest else Q(forward__gt=0)
        return Component(self.ranked(lowest=lowest).filter(side), self.weight)

    def _listed(self) -> Rows:
        return self.rows().exclude(forward=0)

    def _between(self, first: Decimal | None, end: Decimal | None) -> Rows:
        near = _within(
            "forward",
            None if first is None else self._sum(first, -self.SLACK),
            None if end is None else self._sum(end, self.SLACK),
        )
        return self.rows().filter(near).filter(_within("value", first, end))

    def _sum(self, bound: Decimal, slack: float = 0.0) -> float:
        """The forward sum from which the value is rounded up to a bound: halves are rounded away from zero."""
        grown: float = 2.0**-self.exponent
        return (float(bound) - 0.005 + slack) * grown


class Mixed(Values):
    """The overall score where groups fade: the overall row's sum and the values of the fading groups, weighted.

    Groups with one half-life would make one list; with several there is none, and no row is rewritten as days pass.
    """

    def __init__(self, bounds: OverallScore, fading: Sequence[Fading]) -> None:
        super().__init__(None, bounds)
        self.fading = fading
        self.kept = Kept(None, OverallScore())

    def rows(self) -> Rows:
        parts = [When(group=one.group, then=Value(one.weight, NUMBER) * one.value) for one in self.fading]
        product = Case(When(group=None, then=F("score")), *parts, output_field=PRODUCT)
        groups = Q(group=None) | Q(group__in=[one.group for one in self.fading])
        sums = ContactScore.objects.filter(groups).values("contact_id").annotate(sum=Total(product))
        return sums.annotate(value=self._bounded(Round("sum", precision=2, output_field=NUMBER)))

    def top(self, count: int, among: Among = ranking.unmerged, *, lowest: bool = False) -> list[Place]:
        found = ranking.first_of_sum(self._lists(lowest=lowest), self._sums, count, among, lowest=lowest)
        if found is not None:
            return [Place(pk, self._value(total)) for pk, total in found]
        order = ("sum", "-contact_id") if lowest else ("-sum", "contact_id")
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
        return self.rows().filter(_within("value", first, end))

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


def _of_group(group: PointGroup, day: date) -> Kept | Fading:
    return Fading(group, day) if group.half_life_days else Kept(group, group)


def _within(column: str, first: Any, end: Any) -> Q:
    q = Q()
    if first is not None:
        q &= Q(**{f"{column}__gte": first})
    if end is not None:
        q &= Q(**{f"{column}__lt": end})
    return q


def _cents(bound: Decimal | None) -> Decimal | None:
    """The lowest value in cents that is not below a bound: on either side, values are in cents."""
    return None if bound is None else Decimal(bound).quantize(decay.CENT, ROUND_CEILING)
