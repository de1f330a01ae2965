"""What can be asked of a value, by its type: the operators, their inputs, and the condition each makes on a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts import clock
from contacts.filters.base import Entry, Operator, Rule, negated
from contacts.filters.columns import Column, anyone
from contacts.filters.inputs import Choices, Input

MAX_DAYS = 36_500
Test = Callable[[Column, Rule], Q]

TEXT, LINES, DAY, NUMBER = (Input(kind=kind) for kind in ("text", "lines", "date", "number"))
DAYS = Input(kind="whole", after=_("days"), minimum=0, maximum=MAX_DAYS)
FROM_DAY, TO_DAY = Input(kind="date", name="from"), Input(kind="date", name="to", before=_("and"))
FROM, TO = Input(kind="number", name="from"), Input(kind="number", name="to", before=_("and"))


def _days(column: Column, first: int | None, last: int | None) -> Q:
    """From the beginning of day `first` to the end of day `last`, counted from today."""
    today = clock.today()
    q = Q()
    if first is not None:
        q &= column.test("gte", column.moment(today + timedelta(days=first)))
    if last is not None:
        q &= column.test("lt", column.moment(today + timedelta(days=last + 1)))
    return q


def _between_days(column: Column, first: date, last: date) -> Q:
    return column.test("gte", column.moment(first)) & column.test("lt", column.moment(last + timedelta(days=1)))


def _before(column: Column, day: date) -> Q:
    return column.test("lt", column.moment(day))


def _after(column: Column, day: date) -> Q:
    return column.test("gte", column.moment(day + timedelta(days=1)))


EMPTY: list[tuple[Operator, Test]] = [
    (Operator("empty", _("is empty")), lambda column, rule: column.empty()),
    (Operator("not_empty", _("is not empty")), lambda column, rule: negated(column.empty())),
]

OF_TEXT: list[tuple[Operator, Test]] = [
    (Operator("is", _("is"), (TEXT,)), lambda column, rule: column.test("iexact", rule.value)),
    (Operator("is_not", _("is not"), (TEXT,)), lambda column, rule: negated(column.test("iexact", rule.value))),
    (Operator("contains", _("contains"), (TEXT,)), lambda column, rule: column.test("icontains", rule.value)),
    (
        Operator("not_contains", _("does not contain"), (TEXT,)),
        lambda column, rule: negated(column.test("icontains", rule.value)),
    ),
    (Operator("starts_with", _("starts with"), (TEXT,)), lambda column, rule: column.test("istartswith", rule.value)),
    (Operator("ends_with", _("ends with"), (TEXT,)), lambda column, rule: column.test("iendswith", rule.value)),
    (
        Operator("one_of", _("is one of"), (LINES,)),
        lambda column, rule: anyone(column.test("iexact", one) for one in rule.value),
    ),
    *EMPTY,
]

OF_NUMBER: list[tuple[Operator, Test]] = [
    (Operator("is", _("is"), (NUMBER,)), lambda column, rule: column.test("exact", rule.value)),
    (Operator("is_not", _("is not"), (NUMBER,)), lambda column, rule: negated(column.test("exact", rule.value))),
    (Operator("at_least", _("is at least"), (NUMBER,)), lambda column, rule: column.test("gte", rule.value)),
    (Operator("at_most", _("is at most"), (NUMBER,)), lambda column, rule: column.test("lte", rule.value)),
    (Operator("above", _("is above"), (NUMBER,)), lambda column, rule: column.test("gt", rule.value)),
    (Operator("below", _("is below"), (NUMBER,)), lambda column, rule: column.test("lt", rule.value)),
    (
        Operator("between", _("is between"), (FROM, TO)),
        lambda column, rule: column.test("gte", rule.values["from"]) & column.test("lte", rule.values["to"]),
    ),
    *EMPTY,
]

OF_DATE: list[tuple[Operator, Test]] = [
    (Operator("on", _("is on"), (DAY,)), lambda column, rule: _between_days(column, rule.value, rule.value)),
    (Operator("before", _("is before"), (DAY,)), lambda column, rule: _before(column, rule.value)),
    (Operator("after", _("is after"), (DAY,)), lambda column, rule: _after(column, rule.value)),
    (
        Operator("between", _("is between"), (FROM_DAY, TO_DAY)),
        lambda column, rule: _between_days(column, rule.values["from"], rule.values["to"]),
    ),
    (Operator("last_days", _("is in the last"), (DAYS,)), lambda column, rule: _days(column, -rule.value, 0)),
    (
        Operator("older_than", _("is longer ago than"), (DAYS,)),
        lambda column, rule: _days(column, None, -rule.value - 1),
    ),
    (Operator("next_days", _("is in the next"), (DAYS,)), lambda column, rule: _days(column, 0, rule.value)),
    *EMPTY,
]

# Tests that count days from today: what they say changes with the day.
RELATIVE = frozenset({"last_days", "older_than", "next_days"})

OF_BOOLEAN: list[tuple[Operator, Test]] = [
    (Operator("yes", _("is yes")), lambda column, rule: column.test("exact", True)),
    (Operator("no", _("is no")), lambda column, rule: column.test("exact", False)),
    *EMPTY,
]


def of_choice(choices: Choices) -> list[tuple[Operator, Test]]:
    """What can be asked of a value from a closed list."""
    one, several = (Input(kind=kind, choices=choices) for kind in ("choice", "choices"))
    return [
        (Operator("is", _("is"), (one,)), lambda column, rule: column.test("exact", rule.value)),
        (Operator("is_not", _("is not"), (one,)), lambda column, rule: negated(column.test("exact", rule.value))),
        (Operator("one_of", _("is one of"), (several,)), lambda column, rule: column.test("in", rule.value)),
        (Operator("none_of", _("is none of"), (several,)), lambda column, rule: negated(column.test("in", rule.value))),
        *EMPTY,
    ]


class Asked:
    """A question of the picker about one column: the entry, and the condition of each of its operators."""

    def __init__(self, label: Any, column: Column, tests: Sequence[tuple[Operator, Test]], **fixed: Any) -> None:
        self.column = column
        self.tests = {operator.key: test for operator, test in tests}
        self.entry = Entry(label, tuple(operator for operator, _ in tests), fixed)

    def q(self, rule: Rule) -> Q:
        return self.tests[rule.op](self.column, rule)
