"""Companies, and who works there."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from contacts.admin_base import BaremeAdmin, ReadOnlyInline
from contacts.models import Company, Contact


class EmployeeInline(ReadOnlyInline):
    model = Contact
    fields = ("email", "first_name", "last_name", "job_title", "stage")
    readonly_fields = fields
    show_change_link = True
    verbose_name_plural = _("contacts")


@admin.register(Company)
class CompanyAdmin(BaremeAdmin):
    list_display = ("name", "domain", "industry", "employees", "city", "country")
    list_filter: ClassVar = ["country", "industry"]
    search_fields = ("name", "domain")
    fields = (("name", "domain"), ("industry", "employees"), ("city", "country"))
    inlines = (EmployeeInline,)
