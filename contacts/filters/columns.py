"""Where a contact's values are kept, and how each place is compared."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import CharField, Func, JSONField, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, In

from contacts import clock
from contacts.filters.base import NOBODY


class Column:
    """A column of the contact or of a table it points to: `country`, `company__industry`."""

    def __init__(self, path: str, *, nullable: bool = False, blank: Any = "") -> None:
        self.path, self.nullable, self.blank = path, nullable, blank

    def test(self, lookup: str, value: Any) -> Q:
        if isinstance(value, Decimal):  # our own number columns are whole
            if value != int(value) and lookup == "exact":
                return NOBODY
            value = int(value) if value == int(value) else float(value)
        return Q(**{f"{self.path}__{lookup}": value})

    def empty(self) -> Q:
        absent = Q(**{f"{self.path}__isnull": True}) if self.nullable else NOBODY
        return absent if self.blank is None else absent | Q(**{self.path: self.blank})

    def moment(self, day: date) -> Any:
        """The beginning of a day, as the column compares it."""
        return day


class MomentColumn(Column):
    """A date with its time: days begin at midnight of the instance's time zone."""

    def moment(self, day: date) -> Any:
        return clock.midnight(day)


class CustomColumn(Column):
    """A key of `Contact.fields`: JSONB compares numbers as numbers, and ISO dates in their order."""

    def test(self, lookup: str, value: Any) -> Q:
        plain = float(value) if isinstance(value, Decimal) else value.isoformat() if isinstance(value, date) else value
        if lookup == "exact":
            return Q(fields__contains={self.path: plain})  # index contact_by_custom_field
        if lookup == "in":
            return anyone(self.test("exact", one) for one in value)
        compare = KeyTransform(self.path, "fields", output_field=JSONField())
        q = Q(compare.get_lookup(lookup)(compare, plain))  # type: ignore[misc]
        if lookup in ("gt", "gte", "lt", "lte"):  # JSONB orders across types, too: any text is below any number
            q &= Q(Exact(_json_type(self.path), Value("string" if isinstance(plain, str) else "number")))
        return q

    def empty(self) -> Q:
        return Q(In(Coalesce(KeyTextTransform(self.path, "fields"), Value("", TextField())), ["", "[]"]))


class CustomMomentColumn(CustomColumn):
    """A date and time in `Contact.fields`, kept as ISO text in UTC."""

    def moment(self, day: date) -> Any:
        return clock.midnight(day).astimezone(UTC)


class CustomListColumn(CustomColumn):
    """Several choices in `Contact.fields`."""

    def test(self, lookup: str, value: Any) -> Q:
        values = value if lookup == "in" else [value]
        return anyone(Q(fields__contains={self.path: [one]}) for one in values)


def _json_type(key: str) -> Func:
    return Func(KeyTransform(key, "fields"), function="jsonb_typeof", output_field=CharField())


def anyone(conditions: Any) -> Q:
    return reduce(or_, conditions, NOBODY)
