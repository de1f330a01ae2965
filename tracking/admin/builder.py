"""The form builder: a form's fields as cards; what is posted is checked as a whole."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from contacts.admin_base import StackedInline
from tracking.admin.cards import ASKING, FieldForm
from tracking.models import FormField


class FieldFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """Two fields may have one label: their keys are told apart by number. A field depends on one that stands before it."""
        kept: list[tuple[int, int, Any, dict[str, Any]]] = []
        for row in self.forms:
            values = getattr(row, "cleaned_data", {})
            if values and not values.get("DELETE") and "key" in values:
                kept.append((values.get("position") or 0, len(kept), row, values))
        taken: set[str] = set()
        for _position, _number, row, values in sorted(kept, key=lambda item: item[:2]):
            if (before := values.get("depends_on")) and before not in taken:
                row.add_error("depends_on", _("The question it depends on must stand before it."))
            values["key"] = row.instance.key = free_key(values["key"], taken)
            if values.get("type") in ASKING:
                taken.add(values["key"])
        self._check_confirmation([values for _position, _number, _row, values in kept])
        super().clean()

    def _check_confirmation(self, rows: list[dict[str, Any]]) -> None:
        asks_email = any(values.get("contact_field") == "email" for values in rows)
        asks_consent = any(values.get("type") == FormField.Type.CONSENT for values in rows)
        if self.instance.double_opt_in and not (asks_email and asks_consent):
            raise ValidationError(_("To be confirmed by email, it must ask for the email and for a consent."))


def free_key(key: str, taken: set[str]) -> str:
    number, free = 2, key
    while free in taken:
        free, number = f"{key[:46]}_{number}", number + 1
    return free


class FieldInline(StackedInline):  # type: ignore[misc,unused-ignore]
    """The cards of the builder; who may only look sees the rows as any inline shows them."""

    model = FormField
    form = FieldForm
    formset = FieldFormSet
    template = "tracking/admin/builder.html"
    extra = 0
    max_num = 200

    # Who may change a form may change what it asks: FormAdmin shows this to nobody else.

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class SeenFieldInline(StackedInline):  # type: ignore[misc,unused-ignore]
    model = FormField
    fields = (("label", "type"), ("contact_field", "required"), "help_text", "key")
    extra = 0
    collapsible = True
