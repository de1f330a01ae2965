"""What happened because of a score, for its curve. Apps above scoring say what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contacts.registry import Registry


@dataclass(frozen=True)
class Mark:
    at: datetime
    group_id: int | None  # whose score it was; None: the overall score
    value: Decimal  # that it came to
    name: str  # of what happened: a trigger acted


@dataclass(frozen=True)
class MarkSource:
    key: str
    find: Callable[[int, datetime], Iterable[Mark]]  # of a contact, since then


mark_sources: Registry[MarkSource] = Registry("mark source")


def marks(contact_id: int, since: datetime) -> list[Mark]:
    return [mark for source in mark_sources for mark in source.find(contact_id, since)]
