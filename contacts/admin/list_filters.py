"""Filters of the contact list: drop-downs over what the marketer made, and ranges of the columns that are numbers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeNumericListFilter

from contacts import conditions
from contacts.columns import Column
from contacts.models import Channel, Contact, ContactTag, DoNotContact, Membership, Purpose, Segment, Stage, Tag
from contacts.numerals import number_in

MAX_CHOICES = 500
NONE = "none"
LARGEST = 10**12


class ChosenRow(DropdownFilter):  # type: ignore[misc,unused-ignore]
    """One of some rows, by id; what is no id is as if nothing were chosen."""

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def matching(self, pk: int) -> Q:
        raise NotImplementedError

    def none(self) -> Q | None:
        """The condition of "none of them", where that is offered."""
        return None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        choices: list[tuple[str, Any]] = [(str(row.pk), str(row)) for row in self.rows()[:MAX_CHOICES]]
        return [*choices, (NONE, _("None"))] if self.none() is not None else choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        value = self.value() or ""
        if value == NONE and (none := self.none()) is not None:
            return queryset.filter(none)
        if pk := number_in(value):
            return queryset.filter(self.matching(pk))
        return queryset


class StageFilter(ChosenRow):
    title = _("stage")
    parameter_name = "stage"

    def rows(self) -> QuerySet[Any]:
        return Stage.objects.all()

    def matching(self, pk: int) -> Q:
        return Q(stage=pk)

    def none(self) -> Q:
        return Q(stage__isnull=True)


class TagFilter(ChosenRow):
    title = _("tag")
    parameter_name = "tag"

    def rows(self) -> QuerySet[Any]:
        return Tag.objects.all()

    def matching(self, pk: int) -> Q:
        return Q(pk__in=ContactTag.objects.filter(tag=pk).values("contact_id"))


class SegmentFilter(ChosenRow):
    title = _("segment")
    parameter_name = "segment"

    def rows(self) -> QuerySet[Any]:
        return Segment.objects.filter(archived_at__isnull=True)

    def matching(self, pk: int) -> Q:
        return Q(pk__in=Membership.objects.filter(segment=pk, is_member=True).values("contact_id"))


class OwnerFilter(ChosenRow):
    title = _("owner")
    parameter_name = "owner"

    def rows(self) -> QuerySet[Any]:
        return get_user_model()._default_manager.filter(is_active=True).order_by("username")

    def matching(self, pk: int) -> Q:
        return Q(owner=pk)

    def none(self) -> Q:
        return Q(owner__isnull=True)


class BlockFilter(DropdownFilter):  # type: ignore[misc,unused-ignore]
    title = _("do not contact")
    parameter_name = "blocked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*Channel.choices, (NONE, _("Nowhere blocked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        if self.value() == NONE:
            return queryset.filter(~Exists(DoNotContact.objects.filter(contact=OuterRef("pk"))))
        if self.value() in Channel.values:
            return queryset.filter(pk__in=DoNotContact.objects.filter(channel=self.value()).values("contact_id"))
        return queryset


class ConsentFilter(DropdownFilter):  # type: ignore[misc,unused-ignore]
    """The answer in force to one purpose."""

    title = _("consent")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        answers = {
            "given": _("%(purpose)s: yes"),
            "refused": _("%(purpose)s: no"),
            "unasked": _("%(purpose)s: not asked"),
        }
        return [
            (f"{purpose}-{op}", sentence % {"purpose": label})
            for purpose, label in Purpose.choices
            for op, sentence in answers.items()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        if self.value() not in {value for value, _label in self.lookup_choices}:
            return queryset
        purpose, _dash, op = str(self.value()).partition("-")
        rule = {"filter": "consent", "op": op, "value": purpose}
        return conditions.matching({"all": [rule]}, queryset)


def range_of(column: Column) -> type[RangeNumericListFilter]:
    """From … to … of a column; what is no number is as if the field were empty."""

    class Range(RangeNumericListFilter):  # type: ignore[misc,unused-ignore]
        title, parameter_name = column.title, column.key

        def bounds(self) -> tuple[Decimal | None, Decimal | None]:
            first, last = (_number(self.used_parameters.get(name)) for name in self.expected_parameters())
            return first, last

        def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
            first, last = self.bounds()
            if column.between is None or (first is None and last is None):
                return queryset
            return queryset.filter(column.between(first, last))

    return Range


def _number(text: Any) -> Decimal | None:
    try:
        number = Decimal(str(text or ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) <= LARGEST else None
