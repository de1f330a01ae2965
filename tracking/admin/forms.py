"""Forms: their fields, what happens after sending, and the snippets to embed them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from contacts.admin_base import BaremeAdmin, StackedInline
from contacts.models import CustomField, Purpose
from tracking import addresses, embedding, fieldtypes
from tracking.models import Form, FormField
from tracking.posting import RESERVED

BUILT_IN = {
    "email": _("Email"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "phone": _("Phone"),
    "company": _("Company"),
    "job_title": _("Job title"),
    "city": _("City"),
    "country": _("Country"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
}
Type = FormField.Type
CHOSEN_FROM = (Type.SELECT, Type.RADIO, Type.CHECKBOXES)


def contact_fields() -> list[tuple[Any, Any]]:
    """Where an answer can go: nowhere, a built-in field, or one of the marketer's own."""
    custom = CustomField.objects.filter(archived_at__isnull=True).values_list("key", "label")
    groups: list[tuple[Any, Any]] = [("", _("Only kept with the submission")), (_("Contact"), list(BUILT_IN.items()))]
    return [*groups, (_("Custom fields"), list(custom))] if custom else groups


class LinesField(forms.Field):
    """A list of texts, edited one per line."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        lines = (line.strip() for line in str(value or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class FieldForm(forms.ModelForm):
    choices = LinesField(
        label=_("Choices"),
        required=False,
        help_text=_("One choice per line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    contact_field = forms.ChoiceField(
        label=_("Contact field"), required=False, choices=contact_fields, widget=UnfoldAdminSelectWidget
    )
    purpose = forms.ChoiceField(
        label=_("Consent to"),
        required=False,
        choices=[("", "---------"), *Purpose.choices],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = FormField
        fields = [
            "label",
            "type",
            "required",
            "contact_field",
            "help_text",
            "default",
            "choices",
            "purpose",
            "key",
            "position",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].required = False
        self.fields["key"].help_text = _(
            "Names the answer in exports, rules and the API. Left empty: made from the label."
        )

    def clean_key(self) -> str:
        key = self.cleaned_data["key"] or slugify(self.cleaned_data.get("label", "")).replace("-", "_")[:50]
        if key.startswith(RESERVED):
            raise ValidationError(_("A key must not begin with “%(start)s”."), params={"start": RESERVED})
        return key or "field"

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("type") in CHOSEN_FROM and not values.get("choices"):
            self.add_error("choices", _("A field to choose from needs at least one choice."))
        if values.get("type") == Type.CONSENT and not values.get("purpose"):
            self.add_error("purpose", _("Say what the visitor agrees to."))
        if not self.errors:
            self._check_default(values)
        return values

    def _check_default(self, values: dict[str, Any]) -> None:
        row = FormField(**{name: values.get(name) for name in ("label", "type", "default", "choices", "key")})
        row.default = row.default or ""
        row.help_text = row.contact_field = ""
        try:
            fieldtypes.check_default(row)
        except ValidationError as error:
            self.add_error("default", error)


class FieldFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """Two fields may have one label: their keys are told apart by number."""
        taken: set[str] = set()
        for row in self.forms:
            values = getattr(row, "cleaned_data", {})
            if not values or values.get("DELETE") or "key" not in values:
                continue
            values["key"] = row.instance.key = _free(values["key"], taken)
            taken.add(values["key"])
        super().clean()


def _free(key: str, taken: set[str]) -> str:
    number, free = 2, key
    while free in taken:
        free, number = f"{key[:46]}_{number}", number + 1
    return free


class FieldInline(StackedInline):  # type: ignore[misc,unused-ignore]
    model = FormField
    form = FieldForm
    formset = FieldFormSet
    extra = 0
    ordering_field = "position"
    hide_ordering_field = True
    collapsible = True
    fields = (
        ("label", "type"),
        ("contact_field", "required"),
        ("help_text", "default"),
        ("choices", "purpose"),
        "key",
        "position",
    )


class FormForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("The visitor's")), *settings.LANGUAGES],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Of its buttons and messages."),
    )

    class Meta:
        model = Form
        fields = [
            "name",
            "is_active",
            "title",
            "button",
            "description",
            "language",
            "thank_you",
            "thank_you_message",
            "redirect_url",
            "asset",
            "segment",
        ]
        widgets = {
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            "thank_you_message": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        after = values.get("thank_you")
        if after == Form.ThankYou.REDIRECT and not values.get("redirect_url") and "redirect_url" not in self.errors:
            self.add_error("redirect_url", _("Say which page to go to."))
        if after == Form.ThankYou.ASSET and not values.get("asset"):
            self.add_error("asset", _("Say what to offer."))
        return values


@admin.register(Form)
class FormAdmin(BaremeAdmin):
    form = FormForm
    list_display = ("name", "is_active", "submitted", "public_link")
    list_filter = ("is_active",)
    search_fields = ("name", "title")
    autocomplete_fields = ("asset", "segment")
    readonly_fields = ("embed", "submissions")
    inlines = (FieldInline,)

    class Media:
        css = {"all": ["tracking/admin.css"]}
        js = ["tracking/admin.js"]

    def get_fieldsets(self, request: HttpRequest, obj: Form | None = None) -> Sequence[tuple[Any, dict[str, Any]]]:
        after = ["thank_you", "thank_you_message", "redirect_url", "asset", "segment"]
        fieldsets: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": [("name", "is_active"), ("title", "button"), "description", "language"]}),
            (_("After sending"), {"fields": after, "classes": ["tab"]}),
        ]
        if obj:
            fieldsets.append((_("Embed"), {"fields": ["embed"], "classes": ["tab"]}))
            fieldsets.append((_("Submissions"), {"fields": ["submissions"], "classes": ["tab"]}))
        return fieldsets

    def get_queryset(self, request: HttpRequest) -> QuerySet[Form]:
        return super().get_queryset(request).annotate(submission_count=Count("submissions"))  # type: ignore[no-any-return,unused-ignore]

    @display(description=_("Embed"))
    def embed(self, form: Form) -> SafeString:
        return render_to_string("tracking/admin/snippets.html", {"snippets": embedding.of_form(form)})

    @display(description=_("Submissions"))
    def submissions(self, form: Form) -> SafeString:
        url = reverse("admin:tracking_formsubmission_changelist") + f"?form__id__exact={form.pk}"
        return format_html('<a href="{}" class="bareme-more">{} →</a>', url, _("All submissions of this form"))

    @display(description=_("submissions"), ordering="submission_count")
    def submitted(self, form: Any) -> SafeString:
        url = reverse("admin:tracking_formsubmission_changelist") + f"?form__id__exact={form.pk}"
        return format_html('<a href="{}">{}</a>', url, form.submission_count)

    @display(description=_("address"))
    def public_link(self, form: Form) -> SafeString:
        return format_html('<a href="{0}" target="_blank" rel="noopener">{0}</a>', addresses.form(form))
