"""The admin's look for the plain widgets of forms that know nothing of it."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold import widgets


class Choices(widgets.UnfoldAdminSelect2MultipleWidget):  # type: ignore[misc]
    """Several choices in a box one can search. Without the class by which Django would ask an address for the choices."""

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__(attrs, choices)
        self.attrs["class"] = "unfold-admin-autocomplete"


DRESSES: dict[type[forms.Widget], type[forms.Widget]] = {
    forms.TextInput: widgets.UnfoldAdminTextInputWidget,
    forms.URLInput: widgets.UnfoldAdminURLInputWidget,
    forms.EmailInput: widgets.UnfoldAdminEmailInputWidget,
    forms.NumberInput: widgets.UnfoldAdminIntegerFieldWidget,
    forms.Textarea: widgets.UnfoldAdminTextareaWidget,
    forms.CheckboxInput: widgets.UnfoldBooleanSwitchWidget,
    forms.Select: widgets.UnfoldAdminSelectWidget,
    forms.NullBooleanSelect: widgets.UnfoldAdminNullBooleanSelectWidget,
    forms.SelectMultiple: Choices,
    forms.CheckboxSelectMultiple: widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    forms.RadioSelect: widgets.UnfoldAdminRadioSelectWidget,
    forms.DateInput: widgets.UnfoldAdminDateWidget,
    forms.DateTimeInput: widgets.UnfoldAdminTextInputWidget,
    forms.TimeInput: widgets.UnfoldAdminSingleTimeWidget,
}


def dress(field: forms.Field) -> None:
    """Give a plain Django widget the admin's look; a widget of one's own is left alone."""
    if (dressed := DRESSES.get(type(field.widget))) is None:
        return
    widget = dressed(attrs=field.widget.attrs or None)
    widget.is_required = field.required
    if shape := getattr(field.widget, "format", None):
        widget.format = shape  # type: ignore[attr-defined]
    if isinstance(field, forms.ChoiceField) and isinstance(widget, forms.widgets.ChoiceWidget):
        widget.choices = field.choices  # type: ignore[assignment]
    field.widget = widget
    for name, value in field.widget_attrs(widget).items():
        widget.attrs.setdefault(name, value)
