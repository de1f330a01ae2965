"""Built-in fields of the contact, and of its company."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts import countries
from contacts.filters.base import Entry, Filter, Rule
from contacts.filters.columns import Column, MomentColumn
from contacts.filters.inputs import Choices, Rows
from contacts.filters.operators import OF_DATE, OF_NUMBER, OF_TEXT, Asked, of_choice
from contacts.filters.registry import filters
from contacts.models import Contact

COUNTRIES = Choices(countries.choices)
LANGUAGES = Choices(lambda: settings.LANGUAGES)
OWNERS = Rows(lambda: get_user_model().objects.filter(is_active=True).order_by("username"))


class OfColumns(Filter):
    """A filter with one entry for each of several columns, told apart by the key `field`."""

    columns: ClassVar[Any]

    @cached_property
    def asked(self) -> dict[str, Asked]:
        return {asked.entry.fixed["field"]: asked for asked in self.columns}

    def entries(self) -> list[Entry]:
        return [asked.entry for asked in self.asked.values()]

    def entry(self, raw: Mapping[str, Any]) -> Entry | None:
        asked = self.asked.get(raw["field"]) if isinstance(raw.get("field"), str) else None
        return asked.entry if asked else None

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        return self.asked[rule.entry.fixed["field"]].q(rule)


@filters.register
class FieldFilter(OfColumns):
    key = "field"
    label = _("Contact field")
    family = _("Contact")
    columns: ClassVar = [
        Asked(_("email"), Column("email", nullable=True), OF_TEXT, field="email"),
        Asked(_("phone"), Column("phone"), OF_TEXT, field="phone"),
        Asked(_("first name"), Column("first_name"), OF_TEXT, field="first_name"),
        Asked(_("last name"), Column("last_name"), OF_TEXT, field="last_name"),
        Asked(_("job title"), Column("job_title"), OF_TEXT, field="job_title"),
        Asked(_("city"), Column("city"), OF_TEXT, field="city"),
        Asked(_("country"), Column("country"), of_choice(COUNTRIES), field="country"),
        Asked(_("language"), Column("language"), of_choice(LANGUAGES), field="language"),
        Asked(_("time zone"), Column("time_zone"), OF_TEXT, field="time_zone"),
        Asked(_("owner"), Column("owner", nullable=True, blank=None), of_choice(OWNERS), field="owner"),
        Asked(_("created"), MomentColumn("created_at", blank=None), OF_DATE[:-2], field="created_at"),
    ]


@filters.register
class CompanyFilter(OfColumns):
    key = "company"
    label = _("Company field")
    family = _("Company")
    columns: ClassVar = [
        Asked(_("company name"), Column("company__name", nullable=True), OF_TEXT, field="name"),
        Asked(_("company domain"), Column("company__domain", nullable=True), OF_TEXT, field="domain"),
        Asked(_("company industry"), Column("company__industry", nullable=True), OF_TEXT, field="industry"),
        Asked(_("company size"), Column("company__employees", nullable=True, blank=None), OF_NUMBER, field="employees"),
        Asked(_("company city"), Column("company__city", nullable=True), OF_TEXT, field="city"),
        Asked(_("company country"), Column("company__country", nullable=True), of_choice(COUNTRIES), field="country"),
    ]
