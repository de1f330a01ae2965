"""The preview beside the builder: the form as it stands on the page, unsaved, drawn by the code that draws it for visitors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify

from contacts.numerals import number_in
from tracking import fieldtypes, formfields
from tracking.admin import builder, cards
from tracking.models import Form, FormField
from tracking.views.drawing import speaking

MAX_ROWS = 200
Type = FormField.Type


def page(request: HttpRequest) -> HttpResponse:
    """The posted form as visitors would see it; what is not yet right is drawn as well as it can be."""
    form = Form(
        title=request.POST.get("title", ""),
        description=request.POST.get("description", ""),
        button=request.POST.get("button", ""),
    )
    with speaking(request.POST.get("language", "")):
        answers = formfields.build(form, rows=list(rows(request.POST)), uid="preview")
        context = {
            "title": form.title,
            "embed": True,
            "drawn": {"form": form, "answers": answers, "nonce": "preview", "action": "", "uid": "preview"},
        }
        return render(request, "tracking/form/page.html", context)


def rows(posted: Mapping[str, str]) -> Iterator[FormField]:
    """The fields as they are posted, in their order, keys told apart, without those that are taken out."""
    count = min(number_in(posted.get("fields-TOTAL_FORMS")), MAX_ROWS)
    prefixes = [f"fields-{number}-" for number in range(count)]
    kept = [prefix for prefix in prefixes if f"{prefix}label" in posted and posted.get(f"{prefix}DELETE") != "on"]
    taken: set[str] = set()
    for prefix in sorted(kept, key=lambda prefix: _position(posted, prefix)):
        row = _row(posted, prefix)
        row.key = builder.free_key(row.key, taken)
        taken.add(row.key)
        yield row


def _position(posted: Mapping[str, str], prefix: str) -> int:
    return number_in(posted.get(f"{prefix}position"))


def _row(posted: Mapping[str, str], prefix: str) -> FormField:
    said = {name: posted.get(prefix + name, "").replace("\x00", "").strip() for name in cards.SETTINGS}
    type_ = said["type"] if said["type"] in Type.values else Type.TEXT
    key = slugify(said["key"]) or slugify(said["label"]).replace("-", "_")[:50] or "field"
    lines = cards.LinesField()
    row = FormField(
        key=key,
        label=said["label"] or str(Type(type_).label),
        type=type_,
        required=bool(said["required"]),
        choices=lines.to_python(said["choices"]),
        help_text=said["help_text"],
        placeholder=said["placeholder"],
        default=said["default"],
        half_width=bool(said["half_width"]),
        depends_on=said["depends_on"],
        depends_how=said["depends_how"] or FormField.Depends.IS,
        depends_values=lines.to_python(said["depends_values"]),
        options={name: said[name] for name in ("minimum", "maximum", "megabytes")},
    )
    return _in_bounds(row)


def _in_bounds(row: FormField) -> FormField:
    """A scale while its bounds are being typed: one that can be drawn."""
    if row.type == Type.SCALE and len(fieldtypes.scale(row)) < 2:
        row.options = {}
    return row
