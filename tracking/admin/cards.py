"""A card of the form builder: one field, with the settings its type has and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.functional import lazy
from django.utils.text import slugify
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from contacts.models import Channel, CustomField, Purpose
from tracking import fieldtypes, uploads
from tracking.admin.palette import BUILT_IN
from tracking.models import FormField
from tracking.posting import RESERVED

Type = FormField.Type
Depends = FormField.Depends

ALL = frozenset(Type)
ASKING = ALL - {Type.HEADING, Type.PARAGRAPH}
SEEN = ALL - {Type.HIDDEN}
CHOSEN_FROM = frozenset({Type.SELECT, Type.RADIO, Type.CHECKBOXES})
TYPED = frozenset({Type.TEXT, Type.TEXTAREA, Type.EMAIL, Type.PHONE, Type.NUMBER, Type.URL})

# Which settings a type has, in the order they are shown. What a type does not have is not kept.
SETTINGS: dict[str, frozenset[Type]] = {
    "label": ALL,
    "type": ALL,
    "required": ASKING - {Type.HIDDEN},
    "choices": CHOSEN_FROM,
    "purpose": frozenset({Type.CONSENT}),
    "kinds": frozenset({Type.FILE}),
    "megabytes": frozenset({Type.FILE}),
    "minimum": frozenset({Type.NUMBER, Type.SCALE}),
    "maximum": frozenset({Type.NUMBER, Type.SCALE, Type.TEXT, Type.TEXTAREA}),
    "parameter": frozenset({Type.HIDDEN}),
    "contact_field": ASKING - {Type.CONSENT, Type.FILE},
    "help_text": SEEN,
    "placeholder": TYPED | {Type.SELECT, Type.COUNTRY},
    "default": ASKING - {Type.CONSENT, Type.FILE},
    "half_width": SEEN - {Type.HEADING, Type.PARAGRAPH},
    "depends_on": SEEN,
    "depends_how": SEEN,
    "depends_values": SEEN,
    "key": ASKING,
}


def _names(types: Iterable[Type]) -> str:
    return " ".join(sorted(types))


LABELS: dict[str, Sequence[tuple[Any, str]]] = {
    "maximum": (
        (_("Largest number"), _names({Type.NUMBER, Type.SCALE})),
        (_("Most characters"), _names({Type.TEXT, Type.TEXTAREA})),
    )
}
OPTIONS = ("minimum", "maximum", "megabytes", "kinds", "parameter")
CONDITION = ("depends_on", "depends_how", "depends_values")
BLANK = FormField()
FURTHER = ("help_text", "placeholder", "default", "half_width", "key")


@dataclass(frozen=True)
class Setting:
    """One setting in a card, and the types that have it."""

    field: BoundField
    types: str
    labels: Sequence[tuple[Any, str]] = ()  # where types call it differently: what, and which of them


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


def number(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        **kwargs,
    )


class FieldForm(forms.ModelForm):
    choices = LinesField(
        label=_("Choices"),
        required=False,
        help_text=_("One choice per line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    contact_field = forms.ChoiceField(
        label=_("Goes to the contact's"), required=False, choices=contact_fields, widget=UnfoldAdminSelectWidget
    )
    purpose = forms.ChoiceField(
        label=_("Consent to"),
        required=False,
        choices=[("", "---------"), (_("Purposes"), Purpose.choices), (_("We may write by"), Channel.choices)],
        widget=UnfoldAdminSelectWidget,
    )
    depends_values = LinesField(
        label=_("answers"),
        required=False,
        help_text=_("One answer per line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    minimum = number(_("Smallest number"))
    maximum = number(_("Largest number"))
    megabytes = number(
        _("Megabytes at most"),
        min_value=1,
        max_value=fieldtypes.MAX_MEGABYTES,
        help_text=lazy(lambda: _g("Left empty: %(count)d.") % {"count": fieldtypes.USUAL_MEGABYTES}, str)(),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Which files"),
        required=False,
        choices=[(kind, label) for kind, (label, _extensions) in uploads.KINDS.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("What a file is, its content tells, not its name. None ticked: any of these."),
    )
    parameter = forms.SlugField(
        label=_("Take it from the address of the page"),
        required=False,
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The name of a parameter, such as utm_source."),
    )

    class Meta:
        model = FormField
        fields = (*(name for name in SETTINGS if name not in OPTIONS), "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in OPTIONS:
            self.fields[name].initial = (self.instance.options or {}).get(name)
        self.fields["key"].required = self.fields["depends_how"].required = False
        self.fields["key"].help_text = _(
            "Names the answer in exports, rules and the API. Left empty: made from the label."
        )
        self.fields["required"].widget = UnfoldBooleanSwitchWidget()
        self.fields["half_width"].widget = UnfoldBooleanSwitchWidget()

    # What the card shows

    def main_settings(self) -> Iterator[Setting]:
        return self._settings(name for name in SETTINGS if name not in (*FURTHER, *CONDITION))

    def further_settings(self) -> Iterator[Setting]:
        return self._settings(FURTHER)

    def condition_settings(self) -> Iterator[Setting]:
        return self._settings(CONDITION)

    def condition_question(self) -> str:
        """The earlier questions to choose from: filled in and read by the script alone, so it has no name."""
        attrs = {"data-depends": "", "aria-label": _g("Question")}
        if self["depends_on"].errors:
            attrs |= {"aria-invalid": "true", "aria-describedby": f"{self['depends_on'].auto_id}_error"}
        widget = UnfoldAdminSelectWidget(attrs=attrs)
        return str(widget.render("", ""))

    def _settings(self, names: Any) -> Iterator[Setting]:
        for name in names:
            yield Setting(self[name], _names(SETTINGS[name]), LABELS.get(name, ()))

    # What is saved

    def clean_key(self) -> str:
        key = self.cleaned_data["key"] or slugify(self.cleaned_data.get("label", "")).replace("-", "_")[:50]
        if key.startswith(RESERVED):
            raise ValidationError(_("A key must not begin with “%(start)s”."), params={"start": RESERVED})
        return key or "field"

    def clean_depends_how(self) -> str:
        return self.cleaned_data["depends_how"] or Depends.IS

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        type_ = values.get("type")
        for name, types in SETTINGS.items():
            if type_ and type_ not in types and name in values and name not in self.errors:
                values[name] = None if name in OPTIONS else getattr(BLANK, name)
        if type_ in CHOSEN_FROM and not values.get("choices"):
            self.add_error("choices", _("A field to choose from needs at least one choice."))
        if type_ == Type.CONSENT and not values.get("purpose"):
            self.add_error("purpose", _("Say what the visitor agrees to."))
        self._check_condition(values)
        self._check_bounds(values)
        values["options"] = self.instance.options = options(values)
        if not self.errors:
            self._check_default(values)
        return values

    def _check_condition(self, values: dict[str, Any]) -> None:
        needs = values.get("depends_how") in (Depends.IS, Depends.IS_NOT)
        if values.get("depends_on") and needs and not values.get("depends_values"):
            self.add_error("depends_values", _("Say which answers."))

    def _check_bounds(self, values: dict[str, Any]) -> None:
        low, high = values.get("minimum"), values.get("maximum")
        if low is not None and high is not None and low > high:
            self.add_error("maximum", _("The largest must not be less than the smallest."))
        if values.get("type") == Type.SCALE and not self.errors:
            first = fieldtypes.SCALE[0] if low is None else low
            steps = (fieldtypes.SCALE[1] if high is None else high) - first
            if not 1 <= steps < fieldtypes.SCALE_STEPS or first != int(first):
                self.add_error("maximum", _("A scale has two to eleven steps, such as 1 to 5 or 0 to 10."))

    def _check_default(self, values: dict[str, Any]) -> None:
        row = FormField(
            **{name: values.get(name) for name in ("label", "type", "default", "choices", "key", "options")}
        )
        row.default = row.default or ""
        row.help_text = row.contact_field = row.placeholder = ""
        try:
            fieldtypes.check_default(row)
        except ValidationError as error:
            self.add_error("default", error)


def options(values: dict[str, Any]) -> dict[str, Any]:
    """The options of a field as JSON keeps them: those that say something."""
    said = {name: values.get(name) for name in OPTIONS if values.get(name) not in (None, "", [])}
    return {name: f"{value.normalize():f}" if isinstance(value, Decimal) else value for name, value in said.items()}
