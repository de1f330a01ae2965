"""Which fields of a form are asked, given the answers so far: the server's word, which the script of the page only repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tracking.models import FormField

Depends = FormField.Depends


def unasked(rows: Iterable[FormField], answer: Callable[[str], Any]) -> frozenset[str]:
    """The keys of the fields that these answers make pointless: neither required nor stored.

    A field depends on one that stands before it; what depends on a field that is not asked is not asked either.
    A condition on a field that is not there (any more) is none.
    """
    given: dict[str, Sequence[str] | None] = {}
    for row in rows:
        asked = True
        if row.depends_on in given:
            before = given[row.depends_on]
            asked = before is not None and _holds(row, before)
        given[row.key] = _texts(answer(row.key)) if asked else None
    return frozenset(key for key, texts in given.items() if texts is None)


def controlling(rows: Iterable[FormField]) -> frozenset[str]:
    """The keys of the fields that others depend on."""
    return frozenset(row.depends_on for row in rows if row.depends_on)


def _holds(row: FormField, texts: Sequence[str]) -> bool:
    if row.depends_how == Depends.FILLED:
        return bool(texts)
    if row.depends_how == Depends.EMPTY:
        return not texts
    wanted = {str(value).strip().casefold() for value in row.depends_values}
    return any(text in wanted for text in texts) == (row.depends_how == Depends.IS)


def _texts(answer: Any) -> list[str]:
    if isinstance(answer, bool):
        return ["true"] if answer else []
    items = answer if isinstance(answer, list) else [answer]
    return [text for item in items if item is not None and (text := str(item).strip().casefold())]
