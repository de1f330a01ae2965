"""From the rows of a Form to a Django form: what the visitor sees, what is valid, and the answers the inbox takes."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from tracking import fieldtypes, formconditions
from tracking.models import Form, FormField
from tracking.uploads import Checked

Answer = str | bool | list[str]
Type = FormField.Type


@dataclass(frozen=True)
class Part:
    """One thing the form shows, in its place: a field, or a text that asks nothing."""

    row: FormField
    field: BoundField | None

    @property
    def values(self) -> str:
        """The answers it is shown for, as the script of the page reads them."""
        return json.dumps([str(value) for value in self.row.depends_values])


class AnswersForm(forms.Form):
    """Built by `build()`; a class of its own so that templates and views have a name for it."""

    rows: list[FormField]
    left_out: frozenset[int] = frozenset()  # the rows that are not asked this time
    unasked: frozenset[str] = frozenset()  # the keys that the answers given make pointless
    is_kiosk = False  # many people fill it in on one device
    is_followed = False  # Bareme may hear that it was begun

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound:
            return
        self.unasked = formconditions.unasked(self.rows, lambda key: self[key].data if key in self.fields else None)
        for key in self.unasked:
            self.errors.pop(key, None)
            self.cleaned_data.pop(key, None)

    def parts(self) -> Iterator[Part]:
        for row in self.rows:
            yield Part(row, self[row.key] if row.key in self.fields else None)

    def answers(self) -> dict[str, Answer]:
        """The answer to every question that was asked, by its key, as JSON can hold it. The form is valid."""
        return {row.key: _answer(row, self.cleaned_data[row.key]) for row in self._asked()}

    def consents(self) -> dict[str, str]:
        """What was agreed to: purpose → the text that was shown."""
        given = [
            row for row in self._asked() if row.type == Type.CONSENT and row.purpose and self.cleaned_data[row.key]
        ]
        return {row.purpose: row.label for row in given}

    def files_given(self) -> dict[str, Checked]:
        """The files that came, by the key of their field."""
        return {row.key: given for row in self._asked() if isinstance(given := self.cleaned_data[row.key], Checked)}

    def _asked(self) -> Iterator[FormField]:
        for row in self.rows:
            if row.key in self.cleaned_data:
                yield row


def build(
    form: Form,
    data: Any = None,
    files: Any = None,
    *,
    rows: Iterable[FormField] | None = None,
    left_out: Collection[int] = (),
    query: Mapping[str, str] | None = None,
    uid: str = "",
) -> AnswersForm:
    """The form to show, or with `data` (a QueryDict or a mapping) and `files` to validate.

    `rows` stand for the form's own where they are not saved yet. `query` are the parameters of the page's address, from
    which hidden fields may be filled. `uid` keeps ids apart on one page.
    """
    shown = [row for row in (form.fields.all() if rows is None else rows) if row.pk not in left_out]
    answers = AnswersForm(data, files, auto_id=f"bareme-{uid or form.public_id}-%s", use_required_attribute=True)
    answers.rows, answers.left_out = shown, frozenset(left_out)
    for row in shown:
        # Browsers must not insist on a field that is not asked: plain HTML has no script that would know.
        required = row.required and not (row.depends_on and data is None)
        if made := fieldtypes.field(row, required=required):
            made.initial = parameter(row, query or {}) or made.initial
            answers.fields[row.key] = made
    if data is not None and (first := next(iter(answers.errors), None)):
        # The page comes back with the reader where the trouble is, also without any script.
        answers.fields[first].widget.attrs["autofocus"] = True
    return answers


def for_a_kiosk(answers: AnswersForm) -> None:
    """The device must not propose to one what another has typed, and the back button must not bring it back."""
    answers.is_kiosk = True
    for field in answers.fields.values():
        if "autocomplete" in field.widget.attrs:
            field.widget.attrs["autocomplete"] = "off"


def parameter(row: FormField, query: Mapping[str, str]) -> str:
    """What the address of the page says to a hidden field that takes its answer from there."""
    name = (row.options or {}).get("parameter")
    if row.type != Type.HIDDEN or not isinstance(name, str):
        return ""
    return query.get(name, "").replace("\x00", "").strip()[: fieldtypes.MAX_TEXT]


def _answer(row: FormField, value: Any) -> Answer:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, Checked):
        return value.name
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    return "" if value is None else value.isoformat() if isinstance(value, datetime.date) else str(value)
