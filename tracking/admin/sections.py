"""The builder of landing pages: a field whose cards are sections, each edited with the form of its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.dress import dress
from contacts.numerals import number_in
from contacts.typed_params import dump, load
from tracking.models import PageImage
from tracking.sections import base
from tracking.sections.base import MAX_SECTIONS, ImageField, SectionType, sections

Row = dict[str, Any]
IMAGES = 200  # the newest, to choose from


@dataclass
class Card:
    """A section in the builder: its type, and the form with what it says."""

    prefix: str
    type: SectionType | None
    form: forms.Form | None
    id: str = ""
    kept: Row = field(default_factory=dict)  # a stored section whose type is no more stays as it is

    def row(self) -> Row:
        """The section as it is stored: what is valid of it."""
        if self.type is None or self.form is None:
            return self.kept
        valid = self.form.cleaned_data if self.form.is_bound else {}
        return {"id": self.id or base.new_id(), "type": self.type.key, "params": dump(valid)}


class SectionsWidget(forms.Widget):
    template_name = "tracking/admin/sections.html"
    use_fieldset = True

    class Media:
        css = {"all": ["tracking/admin.css", "tracking/builder.css", "tracking/sections.css"]}
        js = ("tracking/cards.js", "tracking/sections.js", "tracking/mistakes.js")

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Card] | None:
        return list(cards(data, name)) if f"{name}-TOTAL" in data else None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-TOTAL" not in data

    def id_for_label(self, id_: str | None) -> str:
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        images = image_choices()
        shown = value if value and isinstance(value[0], Card) else list(_stored(value or [], name))
        blank = [_card(kind, f"{name}-__prefix__", None, {}) for kind in sections]
        for card in [*shown, *blank]:
            _dress(card, images)
        context = {
            "name": name,
            "cards": shown,
            "blank": blank,
            "preview": reverse("admin:tracking_landingpage_draw"),
            "upload": reverse("admin:tracking_landingpage_upload"),
            "words": {
                "up": _g("%(name)s moved up: %(place)s of %(count)s."),
                "down": _g("%(name)s moved down: %(place)s of %(count)s."),
                "taken": _g("%(name)s is taken out once you save."),
                "failed": _g("The image could not be added."),
            },
            "icons": {kind.key: kind.icon for kind in sections},
        }
        return render_to_string(self.template_name, context)


class SectionsField(forms.Field):
    widget = SectionsWidget

    def clean(self, value: Any) -> list[Row]:
        found: list[Card] = value or []
        if len(found) > MAX_SECTIONS:
            raise ValidationError(_("A page has %(count)d sections at most."), params={"count": MAX_SECTIONS})
        if any(card.form is not None and not card.form.is_valid() for card in found):
            raise ValidationError(_("Please correct the marked sections."))
        rows = [card.row() for card in found]
        if sum(row.get("type") == "form" for row in rows) > 1:
            raise ValidationError(_("The form stands on a page once."))
        return rows

    def has_changed(self, initial: Any, data: Any) -> bool:
        if data is None:
            return False
        for card in data:
            if card.form is not None and not card.form.is_valid():
                return True
        return [_told(card.row()) for card in data] != [_told(row) for row in initial or []]


def _told(row: Row) -> tuple[Any, Any]:
    return row.get("type"), row.get("params")


def posted(request: HttpRequest, name: str = "sections") -> list[Row]:
    """The sections as they stand in the builder, as far as they are right: for the preview."""
    rows = []
    for card in cards(request.POST, name):
        if card.form is not None:
            card.form.is_valid()
        rows.append(card.row())
    return rows[:MAX_SECTIONS]


def cards(data: Mapping[str, Any], name: str) -> Iterator[Card]:
    """What was posted, in its order, without what was taken out."""
    count = min(number_in(data.get(f"{name}-TOTAL")), 4 * MAX_SECTIONS)
    prefixes = [f"{name}-{number}" for number in range(count)]
    kept = [prefix for prefix in prefixes if f"{prefix}-type" in data and data.get(f"{prefix}-DELETE") != "on"]
    for prefix in sorted(kept, key=lambda prefix: _place(data, prefix)):
        kind = sections.get(str(data.get(f"{prefix}-type")))
        if kind is not None:
            yield _card(kind, prefix, data, {}, str(data.get(f"{prefix}-id", ""))[:20])


def _place(data: Mapping[str, Any], prefix: str) -> int:
    return number_in(data.get(f"{prefix}-position"))


def _stored(rows: Sequence[Row], name: str) -> Iterator[Card]:
    for number, row in enumerate(rows):
        kind = sections.get(row.get("type", ""))
        if kind is not None:
            yield _card(kind, f"{name}-{number}", None, row.get("params") or {}, row.get("id", ""))


def _card(kind: SectionType, prefix: str, data: Any, params: Mapping[str, Any], id: str = "") -> Card:
    form = kind.Form(data, prefix=prefix, initial=load(kind.Form, params), use_required_attribute=False)
    return Card(prefix, kind, form, id)


def _dress(card: Card, images: list[tuple[Any, Any]]) -> None:
    """The look of the admin; and the images, looked up once for all cards."""
    assert card.form is not None
    for one in card.form.fields.values():
        if isinstance(one, ImageField):
            one.choices = images
            one.widget.attrs["data-images"] = ""
        dress(one)


def image_choices() -> list[tuple[Any, Any]]:
    return [("", _("No image")), *((image.pk, image.name) for image in PageImage.objects.all()[:IMAGES])]
