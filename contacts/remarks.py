"""Remarks: sentences kept in rows as the code's own text and its values, and told in the language of whoever reads them.

    row.outcome = Remark(_("Sent to %(address)s."), address=address)

A remark is a text, so whatever takes a text takes it. A `RemarkField` keeps what it is made of; any other text is kept,
and told, as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import get_text_list

from contacts.wording import quoted

LONGEST_VALUE = 300


class Remark(str):
    """`text` is marked for translation (`gettext_lazy`) and names its values: `%(address)s`.

    A value may be a remark itself, a datetime (told in its own time zone), or a list of names: “A”, “B” and “C”.
    """

    made_of: Mapping[str, Any]

    def __new__(cls, text: Promise, **values: Any) -> Remark:
        made_of: dict[str, Any] = {"say": _source(text)}
        if values:
            made_of["with"] = {name: _made_of(value) for name, value in values.items()}
        return cls._of(made_of)

    @classmethod
    def counted(cls, one: str, many: str, count: int, **values: Any) -> Remark:
        """As `ngettext`, and marked for translation like it; both forms may name the count: `%(count)d`."""
        return cls._of({"say": one, "many": many, "count": count, "with": {n: _made_of(v) for n, v in values.items()}})

    @classmethod
    def sentence(cls, parts: Sequence[Remark]) -> Remark:
        """The parts as one sentence: “Add the tag “hot”, remove the tag “cold”.”"""
        return cls._of({"sentence": [part.made_of for part in parts]})

    @classmethod
    def read(cls, stored: str) -> str:
        """What `stored` says in the active language; a text that is no remark says itself."""
        if not stored.startswith(('{"say"', '{"sentence"')):
            return stored
        try:
            return cls._of(json.loads(stored))
        except (KeyError, TypeError, ValueError):
            return stored

    @classmethod
    def _of(cls, made_of: Mapping[str, Any]) -> Remark:
        remark = super().__new__(cls, _told(made_of))
        remark.made_of = made_of
        return remark

    def __str__(self) -> str:
        return self  # str() of an exception keeps its remark

    @property
    def stored(self) -> str:
        return json.dumps(self.made_of, ensure_ascii=False)


class RemarkField(models.TextField):
    """Keeps remarks and other texts; what is read is told in the language active then."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return None if value is None else Remark.read(value)

    def get_prep_value(self, value: Any) -> Any:
        return value.stored if isinstance(value, Remark) else super().get_prep_value(value)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs  # to the database it is one


def _source(text: Promise) -> str:
    """The text as it stands in the code."""
    with translation.override(None):
        return str(text)


def _made_of(value: Any) -> Any:
    if isinstance(value, Remark):
        return value.made_of
    if isinstance(value, Promise):
        return {"say": _source(value)}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, list | tuple):
        return {"names": [_made_of(name) for name in value]}
    if isinstance(value, int):
        return value
    text = str(value)
    return text.made_of if isinstance(text, Remark) else text[:LONGEST_VALUE]


def _told(made_of: Any) -> Any:
    match made_of:
        case str() | int():
            return made_of
        case {"say": str(one), "many": str(many), "count": int(count), "with": dict(values)}:
            return _filled(translation.ngettext(one, many, count), many, _all_told(values) | {"count": count})
        case {"say": str(text), "with": dict(values)}:
            return _filled(translation.gettext(text), text, _all_told(values))
        case {"say": str(text)}:
            return translation.gettext(text)
        case {"sentence": list(parts)}:
            told = ", ".join(map(_told, parts))
            return f"{told[:1].upper()}{told[1:]}."
        case {"names": list(names)}:
            return get_text_list(
                [quoted(name) if isinstance(name, str) else _told(name) for name in names], translation.gettext("and")
            )
        case {"time": str(moment)}:
            return date_format(datetime.fromisoformat(moment), "SHORT_DATETIME_FORMAT")
    raise ValueError(made_of)


def _all_told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _told(value) for name, value in values.items()}


def _filled(translated: str, text: str, values: Mapping[str, Any]) -> str:
    try:
        return translated % values
    except (KeyError, TypeError, ValueError):  # the translation names other values
        return text % values
