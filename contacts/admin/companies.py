"""Companies, and who works there."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from contacts import countries
from contacts.admin import badges
from contacts.admin_base import BaremeAdmin, ReadOnlyInline
from contacts.models import Company, Contact


class EmployeeInline(ReadOnlyInline):
    model = Contact
    fields = ("who", "email", "job_title", "at_stage")
    readonly_fields = fields
    verbose_name_plural = _("contacts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        contacts: QuerySet[Contact] = super().get_queryset(request)
        return contacts.filter(merged_into__isnull=True).select_related("stage")

    @display(description=_("contact"))
    def who(self, contact: Contact) -> str:
        return format_html('<a class="contact-link" href="{}">{}</a>', contact.get_absolute_url(), contact)

    @display(description=_("stage"))
    def at_stage(self, contact: Contact) -> str:
        return badges.stage(contact.stage)


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
    empty_text = _("Companies bring together the contacts who work at the same place.")
    form = CompanyForm
    list_display = ("name", "domain", "industry", "employees", "city", "country")
    list_filter: ClassVar = ["country", "industry"]
    search_fields = ("name", "domain")
    fields = (("name", "domain"), ("industry", "employees"), ("city", "country"))
    inlines = (EmployeeInline,)

    class Media:
        css = {"all": ["contacts/contacts.css"]}
