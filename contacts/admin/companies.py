"""Companies, and who works there."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget

from contacts import countries
from contacts.admin_base import BaremeAdmin, ReadOnlyInline
from contacts.models import Company, Contact


class EmployeeInline(ReadOnlyInline):
    model = Contact
    fields = ("email", "first_name", "last_name", "job_title", "stage")
    readonly_fields = fields
    show_change_link = True
    verbose_name_plural = _("contacts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        contacts: QuerySet[Contact] = super().get_queryset(request)
        return contacts.filter(merged_into__isnull=True).select_related("stage")


class CompanyForm(forms.ModelForm):
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        choices=lambda: [("", "---------"), *countries.choices()],
        widget=UnfoldAdminSelect2Widget,
    )

    class Meta:
        model = Company
        fields = ("name", "domain", "industry", "employees", "city", "country")


@admin.register(Company)
class CompanyAdmin(BaremeAdmin):
    form = CompanyForm
    list_display = ("name", "domain", "industry", "employees", "city", "country")
    list_filter: ClassVar = ["country", "industry"]
    search_fields = ("name", "domain")
    fields = (("name", "domain"), ("industry", "employees"), ("city", "country"))
    inlines = (EmployeeInline,)
