"""Columns of the contact list: each app above adds what it knows, as it does with `panels`.

An app registers in a module `contact_columns.py`, which is imported when the apps are ready.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from contacts.models import Contact
from contacts.registry import Registry


@dataclass(frozen=True)
class Column:
    key: str
    title: Any  # lazily translated
    annotate: Callable[[QuerySet[Contact]], QuerySet[Contact]]  # adds what `show` needs to the list's one query
    show: Callable[[Contact], Any]
    ordering: str = ""  # an annotation to sort by, "-" in front for the highest first
    position: int = 0
    permission: str = ""  # who may see it, such as "scoring.view_contactscore"; everybody if empty


columns: Registry[Column] = Registry("column")


def in_order() -> list[Column]:
    return sorted(columns, key=lambda column: column.position)
