"""Columns of the contact list: each app above adds what it knows, as it does with `panels`.

An app registers in a module `contact_columns.py`, which is imported when the apps are ready.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.db.models import Q, QuerySet

from contacts.models import Contact
from contacts.registry import Registry

# Some contacts: those of these ids who are meant, or with None all who are.
Among = Callable[[Sequence[int] | None], QuerySet[Contact]]


class Page(Protocol):
    """The ids of a page of some contacts, sorted: for columns by which no statement could sort a large table.

    With first <= value <= last, where those are given.
    """

    def __call__(
        self,
        among: Among,
        start: int,
        count: int,
        *,
        lowest: bool = False,
        first: Decimal | None = None,
        last: Decimal | None = None,
    ) -> list[int]: ...


class Between(Protocol):
    """The contacts with first <= value <= last, of whom a page will be read."""

    def __call__(self, first: Decimal | None, last: Decimal | None) -> Q: ...


@dataclass(frozen=True)
class Column:
    key: str
    title: Any  # lazily translated
    annotate: Callable[[QuerySet[Contact]], QuerySet[Contact]]  # adds what `show` needs to the list's one query
    show: Callable[[Contact], Any]
    ordering: str = ""  # an annotation to sort by, "-" in front for the highest first
    position: int = 0
    permission: str = ""  # who may see it, such as "scoring.view_contactscore"; everybody if empty
    page: Page | None = None  # sorts instead of `ordering`
    between: Between | None = None  # filters by number
    is_usual: bool = False  # its pages are how the list comes, unless another order is asked for


class Columns(Protocol):
    """Columns that depend on what the marketer made, asked for whenever the list is shown."""

    @property
    def key(self) -> str: ...

    def columns(self) -> Sequence[Column]: ...


columns: Registry[Column | Columns] = Registry("column")


def in_order() -> list[Column]:
    every = [column for one in columns for column in ([one] if isinstance(one, Column) else one.columns())]
    return sorted(every, key=lambda column: column.position)
