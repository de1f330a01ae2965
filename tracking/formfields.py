"""From the rows of a Form to a Django form: what the visitor sees, what is valid, and the answers the inbox takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts import countries
from contacts.fields import normalise_phone
from tracking.models import Form, FormField

Answer = str | bool | list[str]
Type = FormField.Type

MAX_TEXT = 500
MAX_LONG_TEXT = 5_000

# What browsers can fill in by themselves (https://html.spec.whatwg.org/#autofill).
AUTOCOMPLETE = {
    "email": "email",
    "phone": "tel",
    "first_name": "given-name",
    "last_name": "family-name",
    "company": "organization",
    "job_title": "organization-title",
    "city": "address-level2",
    "country": "country",
}


class PhoneAnswer(forms.CharField):
    widget = forms.TextInput(attrs={"type": "tel"})

    def clean(self, value: Any) -> str:
        return normalise_phone(super().clean(value))


class NumberAnswer(forms.DecimalField):
    """A number within what fields, filters and JSON all can hold."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=15, decimal_places=4, localize=False, **kwargs)
        self.widget.attrs |= {"step": "any", "inputmode": "decimal"}


class AnswersForm(forms.Form):
    """Built by `build()`; a class of its own so that templates and views have a name for it."""

    rows: list[FormField]

    def answers(self) -> dict[str, Answer]:
        """The answer to every question by its key, as JSON can hold it. The form is valid."""
        return {row.key: _answer(row, self.cleaned_data[row.key]) for row in self.rows}

    def consents(self) -> dict[str, str]:
        """What was agreed to: purpose → the text that was shown."""
        given = [row for row in self.rows if row.type == Type.CONSENT and row.purpose and self.cleaned_data[row.key]]
        return {row.purpose: row.label for row in given}


def build(form: Form, data: Any = None, *, uid: str = "") -> AnswersForm:
    """The form to show, or with `data` (a QueryDict or a mapping) to validate. `uid` keeps ids apart on one page."""
    rows = list(form.fields.all())
    answers = AnswersForm(data, auto_id=f"bareme-{uid or form.public_id}-%s", use_required_attribute=True)
    answers.rows = rows
    for row in rows:
        answers.fields[row.key] = _field(row)
    if data is not None and (first := next(iter(answers.errors), None)):
        # The page comes back with the reader where the trouble is, also without any script.
        answers.fields[first].widget.attrs["autofocus"] = True
    return answers


def _field(row: FormField) -> forms.Field:
    common: dict[str, Any] = {
        "label": row.label,
        "required": row.required,
        "help_text": row.help_text,
        "initial": row.default or None,
    }
    field = FIELDS[row.type](row, common) if row.type in FIELDS else _text(row, common)
    if not isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect | forms.HiddenInput):
        field.widget.attrs["class"] = "bareme-input"
    if autocomplete := AUTOCOMPLETE.get(row.contact_field):
        field.widget.attrs["autocomplete"] = autocomplete
    return field


def _text(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.CharField(max_length=MAX_TEXT, **common)


def _choices(row: FormField) -> list[tuple[str, str]]:
    return [(str(choice), str(choice)) for choice in row.choices if isinstance(choice, str | int | float)]


def _select(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.ChoiceField(choices=[("", _("Please choose")), *_choices(row)], **common)


def _radio(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.ChoiceField(choices=_choices(row), widget=forms.RadioSelect, **common)


def _checkboxes(row: FormField, common: dict[str, Any]) -> forms.Field:
    common["initial"] = [row.default] if row.default else None
    return forms.MultipleChoiceField(choices=_choices(row), widget=forms.CheckboxSelectMultiple, **common)


def _checkbox(row: FormField, common: dict[str, Any]) -> forms.Field:
    common["initial"] = row.default.lower() in ("1", "yes", "true", "on", "oui")
    return forms.BooleanField(**common)


def _consent(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.BooleanField(**common | {"initial": False})  # a box ticked beforehand is no consent


def _country(row: FormField, common: dict[str, Any]) -> forms.Field:
    common["initial"] = row.default.upper() or None
    return forms.ChoiceField(choices=[("", _("Please choose")), *countries.choices()], **common)


def _hidden(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.CharField(max_length=MAX_TEXT, widget=forms.HiddenInput, **common | {"required": False})


FIELDS: Mapping[TextChoices | str, Callable[[FormField, dict[str, Any]], forms.Field]] = {
    Type.TEXT: _text,
    Type.TEXTAREA: lambda row, common: forms.CharField(
        max_length=MAX_LONG_TEXT, widget=forms.Textarea(attrs={"rows": 4}), **common
    ),
    Type.EMAIL: lambda row, common: forms.EmailField(max_length=254, **common),
    Type.PHONE: lambda row, common: PhoneAnswer(max_length=40, **common),
    Type.NUMBER: lambda row, common: NumberAnswer(**common),
    Type.URL: lambda row, common: forms.URLField(max_length=MAX_TEXT, assume_scheme="https", **common),
    Type.DATE: lambda row, common: forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"],
        **common,
    ),
    Type.SELECT: _select,
    Type.RADIO: _radio,
    Type.CHECKBOXES: _checkboxes,
    Type.CHECKBOX: _checkbox,
    Type.COUNTRY: _country,
    Type.HIDDEN: _hidden,
    Type.CONSENT: _consent,
}


def _answer(row: FormField, value: Any) -> Answer:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [str(item) for item in value]
    if value is None:
        return ""
    return value.isoformat() if row.type == Type.DATE else str(value)


def check_default(row: FormField) -> None:
    """Raises ValidationError when the default of a field would not be accepted as an answer."""
    if not row.default or row.type in (Type.CHECKBOX, Type.CONSENT):
        return
    field = _field(row)
    field.required = False
    try:
        field.clean([row.default] if row.type == Type.CHECKBOXES else row.default)
    except ValidationError as error:
        raise ValidationError(
            gettext_lazy("The default is not a possible answer: %(reason)s") % {"reason": " ".join(error.messages)}
        ) from None
