"""The values of a rule: what may be entered, how it is understood, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.wording import quoted, with_minus

MAX_TEXT = 300
MAX_LIST = 500
MAX_CHOICES = 2000
LARGEST = 10**15


class BadConditions(ValidationError):
    """A condition tree that cannot be understood; its sentences say where and what."""


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
            return with_minus(number_format(value.normalize() if isinstance(value, Decimal) else value))
        return quoted(value)


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
