"""Scores that are one column's function, so that an index keeps their order: a group's, or overall where nothing fades."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, FloatField, Func, Q, Value, When
from django.db.models.functions import Abs, Cast, Floor, Greatest, Least, Power
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from scoring import decay, ranking
from scoring.models import ContactScore, PointGroup
from scoring.ranking import Among, Place
from scoring.values.score import NUMBER, Rows, Values, within

ZERO = Decimal()
FLOAT: Any = FloatField()


class Listed(Values):
    """Values whose order an index keeps: those that are a function of one column."""

    column: str

    def numbered(self, number: Any, *, lowest: bool = False) -> Rows:
        """(contact_id, a number that is a function of the value) in order."""
        rows: Rows = self._ranked(self._listed(), lowest=lowest).annotate(number=number)
        return rows.values_list("contact_id", "number")

    def top(
        self,
        count: int,
        among: Among = ranking.unmerged,
        *,
        lowest: bool = False,
        first: Decimal | None = None,
        end: Decimal | None = None,
    ) -> list[Place]:
        rows = self._ranked(self._on_list(self.between(first, end)), lowest=lowest)
        return ranking.first_of_list(rows.values_list("contact_id", "value"), count, among)

    def _listed(self) -> Rows:
        return self._on_list(self.rows())

    def _on_list(self, rows: Rows) -> Rows:
        """Those of these rows that the index has."""
        return rows

    def _ranked(self, rows: Rows, *, lowest: bool) -> Rows:
        order = (self.column, "-contact_id") if lowest else (f"-{self.column}", "contact_id")
        return rows.order_by(*order)


class Kept(Listed):
    """Points keep their worth: the value is the sum within its bounds."""

    column = "score"

    def rows(self) -> Rows:
        value = self._bounded(F("score"))
        return ContactScore.objects.filter(group=self.group).annotate(value=value)

    def _between(self, first: Decimal | None, end: Decimal | None) -> Rows:
        return self.rows().filter(within("score", first, end))


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
        faded = Case(
            When(self._is_nothing, then=Value(ZERO, NUMBER)), default=Cast(self._faded, NUMBER), output_field=NUMBER
        )
        return self._bounded(faded)

    @property
    def cents(self) -> Any:
        """The same as a whole number of cents in floating point, which takes a fraction of the time.

        Only near the middle of a cent the digits matter in which a number is rounded.
        """
        cents = self._faded * 100.0
        in_digits = Cast(Cast(self._faded, NUMBER) * Value(100), FLOAT)
        found: Any = Case(
            When(self._is_nothing, then=Value(0.0)),
            When(GreaterThanOrEqual(Abs(cents), Value(1e9)), then=in_digits),
            When(LessThan(Abs(cents - Floor(cents) - 0.5), Value(1e-4)), then=in_digits),
            default=Func(cents, function="round"),  # Round() would make it a decimal number first
            output_field=FLOAT,
        )
        if self.ceiling is not None:
            found = Least(found, Value(self.ceiling * 100.0))
        if self.floor is not None:
            found = Greatest(found, Value(self.floor * 100.0))
        return found

    @property
    def _faded(self) -> Any:
        return F("forward") * Power(Cast(Value(2), FLOAT), Cast(Value(self.exponent), FLOAT))

    @property
    def _is_nothing(self) -> Q:
        """The product could underflow, which is an error."""
        return within("forward", self._sum(ZERO, self.SLACK), self._sum(decay.CENT, -self.SLACK))

    def rows(self) -> Rows:
        return ContactScore.objects.filter(group=self.group).annotate(value=self.value)

    def part(self, unit: float, *, lowest: bool = False) -> Rows:
        """What the group adds to the overall score where that is more (less) than nothing, in order.

        As numbers, of which a hundredth of a cent is `unit`.
        """
        side = Q(forward__lt=0) if lowest else Q(forward__gt=0)
        return self.numbered(self.share(unit), lowest=lowest).filter(side)

    def share(self, unit: float = 1) -> Any:
        return self.cents * Value(unit * float(self.weight * 100))

    def _on_list(self, rows: Rows) -> Rows:
        return rows.exclude(forward=0)

    def _between(self, first: Decimal | None, end: Decimal | None) -> Rows:
        near = within(
            "forward",
            None if first is None else self._sum(first, -self.SLACK),
            None if end is None else self._sum(end, self.SLACK),
        )
        return self.rows().filter(near).filter(within("value", first, end))

    def _sum(self, bound: Decimal, slack: float = 0.0) -> float:
        """The forward sum from which the value is rounded up to a bound: halves are rounded away from zero."""
        grown: float = 2.0**-self.exponent
        return (float(bound) - 0.005 + slack) * grown
