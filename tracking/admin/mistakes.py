"""What is wrong with what was sent, told at the top of a long page: each mistake by its name, with the way to its field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _g

from contacts.numerals import number_in
from contacts.wording import labelled
from tracking.admin.sections import Card, SectionsField


@dataclass(frozen=True)
class Mistake:
    """One field, or what has no field of its own: `target` is the id of where it stands."""

    name: str
    sentences: Sequence[str]
    target: str

    def __str__(self) -> str:
        said = " ".join(self.sentences)
        return labelled(self.name, said) if self.name else said


class TellsMistakes:
    """Mixed into an admin whose page is longer than the screen; its page loads mistakes.js."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if context["errors"]:
            context["mistakes"] = list(found(context["adminform"].form, context["inline_admin_formsets"]))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc,no-any-return]


def found(form: forms.BaseForm, inlines: Sequence[Any]) -> Iterator[Mistake]:
    """In the order of the page, but for those of the form itself: the theme tells them at the top already."""
    for bound in form:
        if isinstance(bound.field, SectionsField):
            yield from _of_sections(bound)
        else:
            yield from _of_field(bound)
    for inline in inlines:
        yield from _of_rows(inline.formset)


def _of_sections(bound: forms.BoundField) -> Iterator[Mistake]:
    cards: Sequence[Card] = (bound.value() or []) if bound.form.is_bound else []
    known = [(card.form, str(card.type.label)) for card in cards if card.form is not None and card.type is not None]
    told = [mistake for form, title in known for mistake in _of_form(form, title)]
    yield from told or _of_field(bound)


def _of_rows(formset: Any) -> Iterator[Mistake]:
    if sentences := [str(error) for error in formset.non_form_errors()]:
        yield Mistake("", sentences, f"{formset.prefix}-group")
    for row in sorted(formset.forms, key=_place):
        yield from _of_form(row, _title(row))


def _of_form(form: Any, title: str) -> Iterator[Mistake]:
    first = next(iter(form.visible_fields()), None)
    if (sentences := [str(error) for error in form.non_field_errors()]) and first is not None:
        yield Mistake(title, sentences, _id(first))
    for bound in form:
        yield from _of_field(bound, title)


def _of_field(bound: forms.BoundField, title: str = "") -> Iterator[Mistake]:
    if bound.errors:
        name = capfirst(str(bound.label))
        if title:
            name = _g("%(card)s, %(field)s") % {"card": title, "field": name}
        yield Mistake(name, [str(error) for error in bound.errors], _id(bound))


def _id(bound: forms.BoundField) -> str:
    return bound.id_for_label or bound.auto_id


def _place(row: Any) -> int:
    return number_in(row["position"].value()) if "position" in row.fields else 0


def _title(row: Any) -> str:
    label = str(row["label"].value() or "").strip() if "label" in row.fields else ""
    return label[:80] or str(capfirst(row._meta.model._meta.verbose_name))
