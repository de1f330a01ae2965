"""The contact's form: own fields, tags, and the marketer's custom fields as real form fields."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from contacts import countries, custom_values
from contacts.models import Contact, CustomField, Tag

Type = CustomField.Type
PREFIX = "custom_"


class ContactForm(forms.ModelForm):
    """`custom_form()` makes the subclass with today's custom fields."""

    custom: tuple[CustomField, ...] = ()

    country = forms.ChoiceField(
        label=_("Country"), required=False, choices=lambda: [("", "---------"), *countries.choices()],
        widget=widgets.UnfoldAdminSelect2Widget,
    )  # fmt: skip
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [("", "---------"), *((name, name) for name in sorted(zoneinfo.available_timezones()))],
        widget=widgets.UnfoldAdminSelect2Widget,
    )
    tag_list = forms.ModelMultipleChoiceField(
        Tag.objects.all(), label=_("Tags"), required=False, widget=widgets.UnfoldAdminSelect2MultipleWidget
    )

    class Meta:
        model = Contact
        fields = ()  # the admin takes those of its fieldsets

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["tag_list"] = list(self.instance.tags.values_list("pk", flat=True))
        for field in self.custom:
            self.initial[PREFIX + field.key] = shown(field, self.instance.fields.get(field.key))
        self._keep_unknown_choices()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        values = {}
        for field in self.custom:
            name = PREFIX + field.key
            try:
                values[field.key] = custom_values.clean(field, cleaned.get(name))
            except ValidationError as error:
                self.add_error(name, error)
        # Values of archived fields stay.
        self.instance.fields = custom_values.merged(self.instance.fields, values)
        return cleaned

    def _keep_unknown_choices(self) -> None:
        """A country or time zone that is not in the list (imported, historic) does not vanish on saving."""
        for name in ("country", "time_zone"):
            kept = getattr(self.instance, name)
            if name in self.fields and kept and kept not in dict(self.fields[name].choices):  # type: ignore[attr-defined]
                self.fields[name].choices = [*self.fields[name].choices, (kept, kept)]  # type: ignore[attr-defined]


def custom_form(fields: list[CustomField]) -> type[ContactForm]:
    """The contact's form with these custom fields."""
    declared = {PREFIX + field.key: form_field(field) for field in fields}
    return type("ContactForm", (ContactForm,), {"custom": tuple(fields), **declared})


def form_field(field: CustomField) -> forms.Field:
    """A custom field as a field of a form of the admin. `custom_values.clean` has the last word on its value."""
    make, widget = FORM_FIELDS.get(Type(field.type), (forms.CharField, widgets.UnfoldAdminTextInputWidget))
    options: dict[str, Any] = {}
    if issubclass(make, forms.ChoiceField):
        blank = [] if field.type == Type.CHOICES else [("", "---------")]
        options["choices"] = [*blank, *((str(choice), str(choice)) for choice in field.choices)]
    if field.type == Type.BOOLEAN:
        options["choices"] = [("", "---------"), ("true", _("Yes")), ("false", _("No"))]
    hint = escape(field.help_text)  # forms of the admin show the help of a field as it is, tags and all
    made: forms.Field = make(label=field.label, required=field.required, help_text=hint, widget=widget(), **options)
    return made


def shown(field: CustomField, value: Any) -> Any:
    """A kept value as its form field shows it."""
    if field.type == Type.BOOLEAN and isinstance(value, bool):
        return "true" if value else "false"
    if field.type == Type.DATETIME and isinstance(value, str):
        try:
            return timezone.localtime(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value


FORM_FIELDS: dict[str, tuple[type[forms.Field], type[forms.Widget]]] = {
    Type.LONG_TEXT: (forms.CharField, widgets.UnfoldAdminTextareaWidget),
    Type.INTEGER: (forms.IntegerField, widgets.UnfoldAdminIntegerFieldWidget),
    Type.DECIMAL: (forms.CharField, widgets.UnfoldAdminTextInputWidget),
    Type.BOOLEAN: (forms.ChoiceField, widgets.UnfoldAdminSelectWidget),
    Type.DATE: (forms.DateField, widgets.UnfoldAdminSingleDateWidget),
    Type.DATETIME: (forms.SplitDateTimeField, widgets.UnfoldAdminSplitDateTimeWidget),
    Type.CHOICE: (forms.ChoiceField, widgets.UnfoldAdminSelectWidget),
    Type.CHOICES: (forms.MultipleChoiceField, widgets.UnfoldAdminCheckboxSelectMultipleWidget),
    Type.EMAIL: (forms.CharField, widgets.UnfoldAdminEmailInputWidget),
    Type.URL: (forms.CharField, widgets.UnfoldAdminURLInputWidget),
}
