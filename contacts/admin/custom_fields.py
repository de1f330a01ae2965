"""The fields the marketer adds to contacts. A key and a type are for good; a field no longer wanted is archived."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from contacts.admin_archive import ArchivedFilter, ArchivingAdmin
from contacts.models import CustomField


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in (super().clean(value) or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.clean(data))


class CustomFieldForm(forms.ModelForm):
    choices = LinesField(
        label=_("Choices"),
        required=False,
        help_text=_("For choices: one per line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    class Meta:
        model = CustomField
        fields = ("label", "key", "type", "choices", "required", "help_text", "position")

    def clean_key(self) -> str:
        return str(self.cleaned_data["key"]).replace("-", "_")


@admin.register(CustomField)
class CustomFieldAdmin(ArchivingAdmin):
    empty_text = _("Custom fields keep what else you want to know of your contacts.")
    form = CustomFieldForm
    list_display = ("label", "key", "type", "required", "position")
    list_filter = (ArchivedFilter, "type")
    search_fields = ("label", "key")
    prepopulated_fields = {"key": ("label",)}
    fields = (("label", "key"), ("type", "required"), "choices", ("help_text", "position"))

    def get_readonly_fields(self, request: HttpRequest, obj: CustomField | None = None) -> Any:
        return ("key", "type") if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: CustomField | None = None) -> Any:
        return {} if obj else {"key": ("label",)}
