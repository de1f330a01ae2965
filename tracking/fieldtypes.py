"""What each type of a form's field is to Django: its input, and which answers it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db.models import TextChoices
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts import countries
from contacts.fields import normalise_phone
from tracking import uploads
from tracking.models import FormField
from tracking.uploads import Checked

Type = FormField.Type

MAX_TEXT = 500
MAX_LONG_TEXT = 5_000
MEGABYTE = 1_000_000
MAX_MEGABYTES = 25
USUAL_MEGABYTES = 5
SCALE = (1, 5)
SCALE_STEPS = 11  # the widest scale in use is from 0 to 10

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


def field(row: FormField, *, required: bool) -> forms.Field | None:
    """The Django field of a row; None for a row that asks nothing."""
    if row.type in FormField.SAYS:
        return None
    common: dict[str, Any] = {
        "label": row.label,
        "required": required,
        "help_text": row.help_text,
        "initial": row.default or None,
    }
    made = FIELDS.get(row.type, _text)(row, common)
    widget = made.widget
    if not isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.HiddenInput):
        widget.attrs["class"] = "bareme-input"
    if row.placeholder and isinstance(widget, forms.TextInput | forms.Textarea):
        widget.attrs["placeholder"] = row.placeholder
    if autocomplete := AUTOCOMPLETE.get(row.contact_field):
        widget.attrs["autocomplete"] = autocomplete
    return made


def check_default(row: FormField) -> None:
    """Raises ValidationError when the default of a field would not be accepted as an answer."""
    if not row.default or row.type in (Type.CHECKBOX, Type.CONSENT, Type.FILE):
        return
    if (made := field(row, required=False)) is None:
        return
    try:
        made.clean([row.default] if row.type == Type.CHECKBOXES else row.default)
    except ValidationError as error:
        raise ValidationError(
            gettext_lazy("The default is not a possible answer: %(reason)s") % {"reason": " ".join(error.messages)}
        ) from None


def max_bytes(row: FormField) -> int:
    """How large the file of a FILE field may be."""
    wanted = limit(row, "megabytes") or USUAL_MEGABYTES
    return int(min(max(wanted, 1), MAX_MEGABYTES) * MEGABYTE)


def limit(row: FormField, name: str) -> Decimal | None:
    """A number among the options of a field, None where there is none."""
    try:
        number = Decimal(str((row.options or {}).get(name) or ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def scale(row: FormField) -> list[str]:
    """The steps of a SCALE field."""
    low = limit(row, "minimum")
    high = limit(row, "maximum")
    first = int(low) if low is not None else SCALE[0]
    last = int(high) if high is not None else max(SCALE[1], first + 1)
    return [str(step) for step in range(first, min(last, first + SCALE_STEPS - 1) + 1)]


class PhoneAnswer(forms.CharField):
    widget = forms.TextInput(attrs={"type": "tel"})

    def clean(self, value: Any) -> str:
        return normalise_phone(super().clean(value))


class NumberAnswer(forms.DecimalField):
    """A number within what fields, filters and JSON all can hold."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=15, decimal_places=4, localize=False, **kwargs)
        self.widget.attrs |= {"step": "any", "inputmode": "decimal"}


class FileAnswer(forms.FileField):
    """A file that is no larger than allowed, and by its content of a kind that is wanted."""

    widget = forms.FileInput

    def __init__(self, *, kinds: list[str], most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kinds, self.most = kinds, most
        self.widget.attrs |= {"accept": uploads.accepted(kinds), "data-max": str(most)}
        self.widget.attrs["data-large"] = _("This file is too large: at most %(size)s are accepted.") % {
            "size": filesizeformat(most)
        }

    def clean(self, data: Any, initial: Any = None) -> Checked | None:
        if isinstance(data, str):  # a post without files says the name alone
            data = None
        file = super().clean(data, initial)
        if not file:
            return None
        if file.size > self.most:
            raise ValidationError(self.widget.attrs["data-large"])
        return uploads.check(file, self.kinds)


def _text(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.CharField(max_length=_length(row, MAX_TEXT), **common)


def _long_text(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.CharField(max_length=_length(row, MAX_LONG_TEXT), widget=forms.Textarea(attrs={"rows": 4}), **common)


def _length(row: FormField, most: int) -> int:
    wanted = limit(row, "maximum")
    return most if wanted is None or wanted < 1 else min(int(wanted), most)


def _number(row: FormField, common: dict[str, Any]) -> forms.Field:
    low, high = limit(row, "minimum"), limit(row, "maximum")
    made = NumberAnswer(**common)
    if low is not None:
        made.validators.append(MinValueValidator(low))
        made.widget.attrs["min"] = str(low)
    if high is not None:
        made.validators.append(MaxValueValidator(high))
        made.widget.attrs["max"] = str(high)
    return made


def _date(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"],
        **common,
    )


def _time(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.TimeField(
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        input_formats=["%H:%M", "%H:%M:%S"],
        **common,
    )


def _choices(row: FormField) -> list[tuple[str, str]]:
    return [(str(choice), str(choice)) for choice in row.choices if isinstance(choice, str | int | float)]


def _select(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.ChoiceField(choices=[("", row.placeholder or _("Please choose")), *_choices(row)], **common)


def _radio(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.ChoiceField(choices=_choices(row), widget=forms.RadioSelect, **common)


def _scale(row: FormField, common: dict[str, Any]) -> forms.Field:
    return forms.ChoiceField(choices=[(step, step) for step in scale(row)], widget=forms.RadioSelect, **common)


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
    return forms.ChoiceField(choices=[("", row.placeholder or _("Please choose")), *countries.choices()], **common)


def _file(row: FormField, common: dict[str, Any]) -> forms.Field:
    return FileAnswer(
        kinds=uploads.kinds((row.options or {}).get("kinds")), most=max_bytes(row), **common | {"initial": None}
    )


def _hidden(row: FormField, common: dict[str, Any]) -> forms.Field:
    made = forms.CharField(widget=forms.HiddenInput, **common | {"required": False})
    made.validators.append(MaxLengthValidator(MAX_TEXT))
    return made


FIELDS: Mapping[TextChoices | str, Callable[[FormField, dict[str, Any]], forms.Field]] = {
    Type.TEXT: _text,
    Type.TEXTAREA: _long_text,
    Type.EMAIL: lambda row, common: forms.EmailField(max_length=254, **common),
    Type.PHONE: lambda row, common: PhoneAnswer(max_length=40, **common),
    Type.NUMBER: _number,
    Type.URL: lambda row, common: forms.URLField(max_length=MAX_TEXT, assume_scheme="https", **common),
    Type.DATE: _date,
    Type.TIME: _time,
    Type.SELECT: _select,
    Type.RADIO: _radio,
    Type.CHECKBOXES: _checkboxes,
    Type.CHECKBOX: _checkbox,
    Type.COUNTRY: _country,
    Type.SCALE: _scale,
    Type.FILE: _file,
    Type.HIDDEN: _hidden,
    Type.CONSENT: _consent,
}
