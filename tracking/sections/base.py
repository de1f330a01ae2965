"""What a section of a landing page is: a type with a form for its words and a template; and how stored ones are read."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from contacts.registry import Registry
from tracking import payload
from tracking.models import Asset, PageImage

MAX_SECTIONS = 60


class SectionType:
    """Settings are what `Form` cleans, stored as JSON. Its fields may not be called type, id, position or DELETE."""

    key: str  # stored in rows: never rename
    label: Any
    icon: str
    Form: type[forms.Form]

    @property
    def template(self) -> str:
        return f"tracking/sections/{self.key}.html"

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What the template is given besides the settings."""
        return {}


sections: Registry[SectionType] = Registry("section type")


@dataclass(frozen=True)
class Section:
    """A stored section, ready for its template: rows it names are there, or None."""

    id: str
    type: SectionType
    values: Mapping[str, Any]


class ImageField(forms.ModelChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(PageImage.objects.all(), required=False, empty_label=_("No image"), **kwargs)


class AssetField(forms.ModelChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Asset.objects.filter(is_active=True), **kwargs)


class WebAddressField(forms.URLField):
    """An address a link on a public page may lead to: http or https."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, assume_scheme="https", **kwargs)

    def clean(self, value: Any) -> Any:
        if (url := super().clean(value)) and not payload.is_web_address(url):
            raise ValidationError(_("A web address that begins with https:// or http:// is expected."))
        return url


def new_row(key: str, **params: Any) -> dict[str, Any]:
    """A section as a page stores it."""
    return {"id": new_id(), "type": key, "params": params}


def new_id() -> str:
    return secrets.token_hex(4)


def read(rows: Any) -> list[Section]:
    """The stored sections in their order, without those whose type is no more; one query for each kind of row they name."""
    known = [(row, kind) for row in rows or () if (kind := sections.get(row.get("type", "")))][:MAX_SECTIONS]
    images = _rows(PageImage, ImageField, known)
    assets = _rows(Asset, AssetField, known)
    return [Section(row.get("id", ""), kind, _values(row, kind, images, assets)) for row, kind in known]


Known = Iterable[tuple[Mapping[str, Any], SectionType]]


def _rows(model: type[Model], field: type[forms.Field], known: Known) -> dict[int, Any]:
    ids = {row["params"].get(name) for row, kind in known for name in _fields(kind, field)} - {None}
    return dict(model._default_manager.in_bulk(ids)) if ids else {}


def _fields(kind: SectionType, field: type[forms.Field]) -> Iterator[str]:
    return (name for name, one in kind.Form.base_fields.items() if isinstance(one, field))


def _values(row: Mapping[str, Any], kind: SectionType, images: Any, assets: Any) -> dict[str, Any]:
    params = row.get("params") or {}
    values = {**params, **kind.values(params)}
    values |= {name: images.get(params.get(name)) for name in _fields(kind, ImageField)}
    values |= {name: _address(params.get(name)) for name in _fields(kind, WebAddressField)}
    values |= {name: assets.get(params.get(name)) for name in _fields(kind, AssetField)}
    return values


def _address(stored: Any) -> str:
    """Looked at again: a row may have been written by other hands than the builder's."""
    return stored if isinstance(stored, str) and payload.is_web_address(stored) else ""
