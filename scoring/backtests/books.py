"""The rulebooks a back-test compares, kept as they stood when it was asked: what is edited meanwhile does not mix in."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _g

from scoring import previews
from scoring.models import BEGINNING, END, BackTest, PointActionVersion, Publication
from scoring.rulebook import GroupTerms, Interval, Rulebook

TODAY, THEN, DRAFT = "today", "then", "draft"
PAST = Publication.Scope.PAST


def kept(test: BackTest, now: datetime) -> dict[str, Any]:
    """The rulebooks this back-test asks for, as JSON."""
    books = {TODAY: always(Rulebook.current())}
    if test.with_then:
        books[THEN] = Rulebook.as_of(test.at)
    if test.with_draft and (draft := waiting_draft()):
        books[DRAFT] = always(previews.sketch(draft, now, PAST).book)
    return {name: orjson.loads(orjson.dumps(asdict(book), default=str)) for name, book in books.items()}


def waiting_draft() -> Publication | None:
    """The draft, if there is anything in it."""
    return Publication.objects.filter(state=Publication.State.DRAFT, edits__isnull=False).first()


def always(book: Rulebook) -> Rulebook:
    """The rules that count what happens last in this book, as if they had always been there.

    So rules that are new since the cut-off are tried on what happened before it; those that were retired are left out.
    """
    last = [replace(one, valid_from=BEGINNING) for one in book.intervals if one.valid_until == END]
    return replace(book, intervals=tuple(last))


def read(test: BackTest) -> dict[str, Rulebook]:
    """The rulebooks, as they were kept. Raises ValidationError where versions they name are gone: the draft was changed."""
    books = {name: _book(stored) for name, stored in test.books.items()}
    named = {pk for book in books.values() for pk in book.version_ids}
    if PointActionVersion.objects.filter(pk__in=named).count() < len(named):
        raise ValidationError(_g("The draft was changed meanwhile: ask again."))
    return books


def _book(stored: dict[str, Any]) -> Rulebook:
    intervals = [_typed(one, valid_from=datetime, valid_until=datetime) for one in stored["intervals"]]
    terms = [_typed(one, epoch=date) | {"weight": Decimal(one["weight"])} for one in stored["terms"]]
    return Rulebook(
        tuple(Interval(**one) for one in intervals),
        tuple(GroupTerms(**one) for one in terms),
        stored["floor"],
        stored["ceiling"],
    )


def _typed(row: dict[str, Any], **types: type[date]) -> dict[str, Any]:
    return row | {name: type_.fromisoformat(row[name]) for name, type_ in types.items()}
