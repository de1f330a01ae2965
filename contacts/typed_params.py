"""Settings of a type from a registry, edited through the type's own form and stored as plain JSON.

A row says which type it is (`type`) and how it is set (`params`). The type is a class with a Django `Form`; so a new type
needs neither a migration nor an admin of its own. `TypedParamsForm` shows that form in the place of the JSON.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from contacts.dress import Choices, dress
from contacts.registry import Registry, unknown_label

RELOAD = "_typed_params_reload"  # posted by typed_params.js: show the other type's fields, save nothing


class ParamType(Protocol):
    """What is asked of a type. `group` (optional) is the heading it stands under in the list of types."""

    key: str
    label: Any  # lazily translated
    Form: type[forms.Form]


# --- values: what a form cleans, and what JSON keeps ------------------------------------------------------------------


def dump(value: Any) -> Any:
    """A cleaned value as JSON keeps it: rows by their id, dates and decimals as text."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, models.QuerySet):
        return sorted(value.values_list("pk", flat=True))
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID | Promise):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): dump(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [dump(item) for item in value]
    return value


def load(form_class: type[forms.Form], params: Mapping[str, Any]) -> dict[str, Any]:
    """Stored settings as a form's `initial`: dates, times and numbers become themselves again."""
    typed = (forms.DateField, forms.DateTimeField, forms.TimeField, forms.DecimalField)
    initial = dict(params)
    for name, field in form_class.base_fields.items():
        if isinstance(field, typed) and isinstance(params.get(name), str):
            try:
                initial[name] = field.to_python(params[name])
            except ValidationError:
                continue
    return initial


def validated(type_: ParamType, params: Mapping[str, Any]) -> dict[str, Any]:
    """Settings given in code, through the type's form: what would have been stored. Raises ValidationError."""
    form = type_.Form(posted(type_.Form, params))
    if not form.is_valid():
        raise ValidationError({name: list(errors) for name, errors in form.errors.items()})
    return dump(form.cleaned_data)  # type: ignore[no-any-return]


def posted(form_class: type[forms.Form], params: Mapping[str, Any], prefix: str = "") -> QueryDict:
    """Stored settings as the browser would post them."""
    data = QueryDict(mutable=True)
    bound = form_class(initial=load(form_class, params))
    for field in bound:
        value = field.value()
        if isinstance(value, models.QuerySet | list | tuple) and getattr(
            field.field.widget, "allow_multiple_selected", False
        ):
            data.setlist(prefix + field.name, [str(dump(item)) for item in value])
        elif isinstance(value, Mapping | list):
            data[prefix + field.name] = json.dumps(value)
        elif isinstance(value, bool):
            if value:
                data[prefix + field.name] = "on"
        elif value is not None:
            data[prefix + field.name] = str(dump(value))
    return data


# --- the form ---------------------------------------------------------------------------------------------------------


class ParamsWidget(forms.Widget):
    """The type's own fields, in the place of the JSON column."""

    template_name = "contacts/typed_params.html"
    use_fieldset = True

    def __init__(self, media: forms.Media) -> None:
        super().__init__()
        self.own_media = media
        self.type_name = ""
        self.type_key = ""
        self.inner: forms.Form | None = None
        self.stored: Any = None

    @property
    def media(self) -> forms.Media:
        own: forms.Media = forms.Media(js=["contacts/typed_params.js"]) + Choices().media + self.own_media
        return own

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = {
            "id": f"id_{name}",
            "type_name": self.type_name,
            "type": self.type_key,
            "form": self.inner,
            "stored": self.stored,
        }
        return render_to_string(self.template_name, {"params": context})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> None:
        """The inner form reads its own fields."""

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str | None) -> str:
        return ""


class ParamsField(forms.Field):
    """Cleans to the inner form's cleaned values as JSON; errors are shown beside the inner fields."""

    widget: ParamsWidget
    inner: forms.Form | None = None
    kept: Any = None  # what a type we no longer know was set to

    def clean(self, value: Any) -> Any:
        if self.inner is None:
            return self.kept or {}
        if not self.inner.is_bound:
            raise ValidationError(_("Please fill in the settings of this type."), code="type_changed")
        if not self.inner.is_valid():
            raise ValidationError(_("Please correct the settings."), code="params")
        return dump(self.inner.cleaned_data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.inner is not None and self.inner.is_bound and self.inner.has_changed()


class TypedParamsForm(forms.ModelForm):
    """A ModelForm whose `params_field` is edited through the form of the type chosen in `type_field`.

    Put both fields' names into the admin's fieldsets. The fields posted are `params__<name>` (after the form's prefix, if
    any). Choosing another type swaps the fields in place; without JavaScript, saving shows them and asks for them. A type
    no longer registered is shown as unknown and keeps its settings.
    """

    type_field: ClassVar[str] = "type"
    params_field: ClassVar[str] = "params"
    registry: ClassVar[Registry[Any]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.type_field in self.fields:
            self._choose_type()
        if self.params_field in self.fields:
            self._grow_params()

    def _choose_type(self) -> None:
        replaced = self.fields[self.type_field]
        self.fields[self.type_field] = forms.ChoiceField(
            label=replaced.label,
            help_text=replaced.help_text,
            choices=type_choices(self.registry, self._stored_type()),
            widget=widgets.UnfoldAdminSelectWidget(attrs={"data-typed-params": self.add_prefix(self.params_field)}),
        )

    def _grow_params(self) -> None:
        field = ParamsField(
            required=False, label=self.fields[self.params_field].label, widget=ParamsWidget(self._all_media())
        )
        key = self._chosen_type()
        field.kept = (self.initial.get(self.params_field) or {}) if key == self.initial.get(self.type_field) else {}
        if (type_ := self.registry.get(key)) is not None:
            field.inner = self._inner_form(type_, field.kept)
        widget = field.widget
        widget.type_name, widget.type_key, widget.inner = (
            self.add_prefix(f"{self.params_field}__type"),
            key,
            field.inner,
        )
        widget.stored = json.dumps(field.kept, indent=2, ensure_ascii=False) if key and field.inner is None else None
        self.fields[self.params_field] = field

    def _inner_form(self, type_: ParamType, kept: Mapping[str, Any]) -> forms.Form:
        outer = self.add_prefix(self.params_field)

        class Inner(type_.Form):  # type: ignore[name-defined,misc]
            def add_prefix(self, field_name: str) -> str:
                return f"{outer}__{field_name}"

        shown = self.data.get(f"{outer}__type") if self.is_bound else None
        answered = self.is_bound and (not type_.Form.base_fields or shown in (None, type_.key))
        inner: forms.Form = Inner(
            self.data if answered else None, self.files if answered else None, initial=load(type_.Form, kept)
        )
        for field in inner.fields.values():
            dress(field)
        return inner

    def _stored_type(self) -> str:
        return getattr(self.instance, self.type_field, "") or "" if self.instance.pk else ""

    def _chosen_type(self) -> str:
        if self.is_bound and self.type_field in self.fields:
            return self.data.get(self.add_prefix(self.type_field)) or ""
        return self._stored_type() or self.initial.get(self.type_field) or ""

    def _all_media(self) -> forms.Media:
        media = forms.Media()
        for type_ in self.registry:
            for field in type_.Form.base_fields.values():
                media += field.widget.media
        return media

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if RELOAD in self.data:
            raise ValidationError(_("Nothing was saved yet."), code="reload")
        return cleaned


def type_choices(registry: Registry[Any], stored: str = "") -> list[tuple[Any, Any]]:
    """The types by heading, in the order of their labels; a stored type that is no longer known comes last."""
    headings: dict[str, list[tuple[str, str]]] = {}
    offered = [type_ for type_ in registry if getattr(type_, "offered", True)]
    for type_ in sorted(offered, key=lambda type_: str(type_.label).casefold()):
        headings.setdefault(str(getattr(type_, "group", "")), []).append((type_.key, type_.label))
    choices: list[tuple[Any, Any]] = [("", "---------"), *headings.pop("", [])]
    choices += sorted(headings.items())
    if stored and stored not in registry:
        choices.append((stored, unknown_label(stored)))
    return choices
