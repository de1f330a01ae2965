"""What a contact filter is: a few declared inputs, and the database condition they make.

A filter declares as data what the builder draws, what validation accepts and what the sentence says (`Entry`,
`Operator`, `Input`); only `q()` is code. A rule in JSON: `{"filter": key, …entry's keys…, "op": operator, …inputs…}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Case, Exists, Model, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import NegatedExpression
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.wording import labelled, quoted

MAX_TEXT = 300
MAX_LIST = 500
MAX_CHOICES = 2000
LARGEST = 10**15

EVERYBODY = Q(Value(True, BooleanField()))
NOBODY = Q(Value(False, BooleanField()))


class BadConditions(ValidationError):
    """A condition tree that cannot be understood; its sentences say where and what."""


def having(rows: QuerySet[Any]) -> Q:
    """The contacts to whom one of these rows (by its `contact`) belongs.

    As EXISTS: wherever in the tree it stands, the planner may join, anti-join, or look each contact up by index. An IN
    under OR or NOT would be compared row by row as soon as its list outgrows work_mem.
    """
    return Q(Exists(rows.filter(contact=OuterRef("pk"))))


def within(ids: QuerySet[Any]) -> Q:
    """The contacts with one of these ids, where they come from a grouped query; as EXISTS for the same reason."""
    return Q(Exists(Contact.objects.order_by().filter(pk=OuterRef("pk"), pk__in=ids)))


def negated(q: Q) -> Q:
    """Exactly those whom `q` does not match: for SQL, NOT of an absent value would be nobody at all."""
    if len(q.children) == 1 and isinstance(q.children[0], Exists | NegatedExpression) and not q.negated:
        return Q(~q.children[0])  # never absent, and joins better than CASE
    return Q(Case(When(q, then=Value(False)), default=Value(True), output_field=BooleanField()))


class Choices:
    """A closed list to choose from: values as they stand in the rule, and their names."""

    def __init__(self, pairs: Callable[[], Iterable[tuple[Any, Any]]]) -> None:
        self._pairs = pairs

    def all(self) -> list[tuple[Any, str]]:
        return [(value, str(label)) for value, label in self._pairs()]

    def names(self, values: Iterable[Any]) -> dict[Any, str]:
        """The names of those of `values` that exist."""
        wanted = set(values)
        return {value: label for value, label in self.all() if value in wanted}


class Rows(Choices):
    """A choice among database rows, by `key` (a number)."""

    def __init__(
        self, rows: Callable[[], QuerySet[Any]], key: str = "pk", *, retired: Mapping[str, Any] | None = None
    ) -> None:
        self.rows, self.key, self.retired = rows, key, retired or {}

    def all(self) -> list[tuple[Any, str]]:
        return [(self._value(row), str(row)) for row in self.rows().exclude(**self.retired)[:MAX_CHOICES]]

    def names(self, values: Iterable[Any]) -> dict[Any, str]:
        rows = self.rows().filter(**{f"{self.key}__in": list(values)})
        return {self._value(row): str(row) for row in rows}

    def _value(self, row: Model) -> Any:
        return row.pk if self.key == "pk" else getattr(row, self.key)


@dataclass(frozen=True, kw_only=True)
class Input:
    """One value of a rule. `kind`: text, lines (several texts), number, whole, date, choice or choices (several)."""

    kind: str
    name: str = "value"
    before: Any = ""  # words before it: "in the last"
    after: Any = ""  # and behind it: "days"
    choices: Choices | None = None
    required: bool = True
    default: Any = None
    empty: Any = ""  # what an optional choice says when nothing is chosen: "any email"
    hint: Any = ""
    minimum: int | None = None
    maximum: int = LARGEST

    def clean(self, value: Any, *, check_exists: bool = True) -> Any:
        """The value as Python compares it. Raises BadConditions with a sentence, and nothing else."""
        if value is None or value == "" or value == []:
            if self.required:
                raise BadConditions(_("a value is missing"))
            return None
        cleaned = CLEANERS[self.kind](self, value)
        if check_exists and self.choices:
            wanted = cleaned if isinstance(cleaned, list) else [cleaned]
            if missing := set(wanted) - self.choices.names(wanted).keys():
                raise BadConditions(
                    _("“%(value)s” is not one of the choices"), params={"value": shown(sorted(map(str, missing))[0])}
                )
        return cleaned

    def words(self, value: Any) -> str:
        """The cleaned value in the active language."""
        if self.choices:
            values = value if isinstance(value, list) else [value]
            names = self.choices.names(values)
            return _g(" or ").join(names.get(one, _g("“%s” (gone)") % one) for one in values)
        if isinstance(value, list):
            return _g(" or ").join(map(str, value))
        if isinstance(value, date):
            return date_format(value, "DATE_FORMAT")
        if isinstance(value, Decimal | int):
            return number_format(value.normalize() if isinstance(value, Decimal) else value)
        return quoted(value)


@dataclass(frozen=True)
class Operator:
    key: str
    label: Any
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One line of the builder's picker: a filter, perhaps narrowed by fixed keys (`{"field": "country"}`)."""

    label: Any
    operators: tuple[Operator, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A leaf of the tree, understood."""

    filter: Filter
    entry: Entry
    operator: Operator
    values: Mapping[str, Any]

    @property
    def op(self) -> str:
        return self.operator.key

    @property
    def value(self) -> Any:
        return self.values.get("value")


class Filter:
    """A kind of condition. Subclasses say what they offer (`entries`) and whom a rule matches (`q`)."""

    key: ClassVar[str]  # stored in rows: never rename
    label: ClassVar[Any]
    family: ClassVar[Any]
    # True: depends on the contact's own data alone (fields, tags, segments, consent …), not on scores or behaviour.
    of_profile: ClassVar[bool] = True

    def entries(self) -> list[Entry]:
        """What the builder offers now."""
        raise NotImplementedError

    def entry(self, raw: Mapping[str, Any]) -> Entry | None:
        """The entry a rule is about; None where it is gone (an archived field is not: rows outlive it)."""
        return next(
            (entry for entry in self.entries() if all(raw.get(key) == value for key, value in entry.fixed.items())),
            None,
        )

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        """Whom the rule matches. `contacts`, where given, are the only ones asked about: look no further."""
        raise NotImplementedError

    def words(self, rule: Rule) -> str:
        """The rule as a part of a sentence."""
        parts = [str(rule.entry.label), str(rule.operator.label)]
        for item in rule.operator.inputs:
            value = rule.values.get(item.name)
            if value is not None:
                parts += [str(item.before), item.words(value), str(item.after)]
            elif item.empty:
                parts.append(str(item.empty))
        return " ".join(part for part in parts if part)

    def read(self, raw: Mapping[str, Any], *, check_exists: bool = True) -> Rule:
        """Understand a leaf. Raises BadConditions with a sentence."""
        if (entry := self.entry(raw)) is None:
            raise BadConditions(_("what it asks about does not exist (any more)"))
        operator = next((operator for operator in entry.operators if operator.key == raw.get("op")), None)
        if operator is None:
            raise BadConditions(
                _("%(label)s: unknown operator “%(op)s”"), params={"label": entry.label, "op": shown(raw.get("op"))}
            )
        known = {"filter", "op", *entry.fixed, *(item.name for item in operator.inputs)}
        if unknown := sorted(map(str, raw.keys() - known)):
            raise BadConditions(
                _("%(label)s: unknown key “%(key)s”"), params={"label": entry.label, "key": shown(unknown[0])}
            )
        values = {}
        for item in operator.inputs:
            try:
                values[item.name] = item.clean(raw.get(item.name, None), check_exists=check_exists)
            except BadConditions as error:
                raise BadConditions(labelled(entry.label, error.messages[0])) from None
        return Rule(self, entry, operator, values)


def shown(value: Any) -> str:
    """Anything, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _text(item: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise BadConditions(_("“%(value)s” is not a text"), params={"value": shown(value)})
    if "\x00" in value or not value.isprintable():
        raise BadConditions(_("the text has characters that cannot be printed"))
    if len(value) > MAX_TEXT:
        raise BadConditions(_("the text is longer than %(limit)d characters"), params={"limit": MAX_TEXT})
    return value.strip()


def _list(item: Input, value: Any, one: Callable[[Input, Any], Any]) -> list[Any]:
    if not isinstance(value, list):
        raise BadConditions(_("a list of values is expected"))
    if len(value) > MAX_LIST:
        raise BadConditions(_("a list may have %(limit)d values at most"), params={"limit": MAX_LIST})
    cleaned = [one(item, part) for part in value]
    if not (values := list(dict.fromkeys(part for part in cleaned if part != ""))):
        raise BadConditions(_("a value is missing"))
    return values


def _number(item: Input, value: Any) -> Decimal:
    try:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | str)
            or (isinstance(value, str) and len(value) > 30)
        ):
            raise ValueError
        number = Decimal(str(value))
    except (ValueError, InvalidOperation):
        raise BadConditions(_("“%(value)s” is not a number"), params={"value": shown(value)}) from None
    smallest = -LARGEST if item.minimum is None else item.minimum
    if not number.is_finite() or not smallest <= number <= item.maximum:
        raise BadConditions(
            _("“%(value)s” is not between %(smallest)d and %(largest)d"),
            params={"value": shown(value), "smallest": smallest, "largest": item.maximum},
        )
    return number


def _whole(item: Input, value: Any) -> int:
    number = _number(item, value)
    if number != int(number):
        raise BadConditions(_("“%(value)s” is not a whole number"), params={"value": shown(value)})
    return int(number)


def _date(item: Input, value: Any) -> date:
    try:
        if not isinstance(value, str) or len(value) != len("2000-12-31"):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise BadConditions(_("“%(value)s” is not a date such as 2025-12-31"), params={"value": shown(value)}) from None


def _choice(item: Input, value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and abs(value) > 2**62):
        raise BadConditions(_("“%(value)s” is not one of the choices"), params={"value": shown(value)})
    if isinstance(value, int):
        return value
    if isinstance(item.choices, Rows):  # a row is chosen by its number
        raise BadConditions(_("“%(value)s” is not one of the choices"), params={"value": shown(value)})
    return _text(item, value)


CLEANERS: dict[str, Callable[[Input, Any], Any]] = {
    "text": _text,
    "lines": lambda item, value: _list(item, value, _text),
    "number": _number,
    "whole": _whole,
    "date": _date,
    "choice": _choice,
    "choices": lambda item, value: _list(item, value, _choice),
}
