"""The first of a month in French, 1er: Django's format letter for such endings, S, knows those of English only."""

from __future__ import annotations

from django.utils.dateformat import DateFormat
from django.utils.translation import get_language

_english = DateFormat.S


def install() -> None:
    """Wherever Django writes a day, lists and filters of its own included, for a format has no other way to say it."""
    DateFormat.S = _ending  # type: ignore[assignment,method-assign,unused-ignore]


def _ending(day: DateFormat) -> str:
    if (get_language() or "").startswith("fr"):
        return "er" if day.j() == 1 else ""
    return _english(day)
