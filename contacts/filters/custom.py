"""The fields the marketer added, each by its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.filters.base import Entry, Filter, Operator, Rule
from contacts.filters.columns import CustomColumn, CustomListColumn, CustomMomentColumn
from contacts.filters.inputs import Choices
from contacts.filters.operators import OF_BOOLEAN, OF_DATE, OF_NUMBER, OF_TEXT, Asked, Test, of_choice
from contacts.filters.registry import filters
from contacts.models import Contact, CustomField

Type = CustomField.Type
COLUMNS = {Type.CHOICES: CustomListColumn, Type.DATETIME: CustomMomentColumn}
TESTS: dict[str, Sequence[tuple[Operator, Test]]] = {
    Type.INTEGER: OF_NUMBER,
    Type.DECIMAL: OF_NUMBER,
    Type.BOOLEAN: OF_BOOLEAN,
    Type.DATE: OF_DATE,
    Type.DATETIME: OF_DATE,
}


@filters.register
class CustomFilter(Filter):
    key = "custom"
    label = _("Custom field")
    family = _("Custom fields")

    def entries(self) -> list[Entry]:
        return [_asked(field).entry for field in CustomField.objects.filter(archived_at__isnull=True)]

    def entry(self, raw: Mapping[str, Any]) -> Entry | None:
        field = CustomField.objects.filter(key=raw["field"]).first() if isinstance(raw.get("field"), str) else None
        return _asked(field).entry if field else None

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        return _asked(CustomField.objects.get(key=rule.entry.fixed["field"])).q(rule)


def _asked(field: CustomField) -> Asked:
    column = COLUMNS.get(Type(field.type), CustomColumn)(field.key)
    return Asked(field.label, column, _tests(field), field=field.key)


def _tests(field: CustomField) -> Sequence[tuple[Operator, Test]]:
    if field.type in (Type.CHOICE, Type.CHOICES):
        return of_choice(Choices(lambda: [(choice, choice) for choice in field.choices]))
    return TESTS.get(field.type, OF_TEXT)
