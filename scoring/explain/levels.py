"""Scores at which something happens. Apps above scoring say which; scoring foresees when they are reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from contacts.registry import Registry


@dataclass(frozen=True)
class Level:
    """A score at which something happens: of a group, or the overall score (None)."""

    group_id: int | None
    value: Decimal
    name: str  # of what happens there: a trigger
    is_rising: bool = True  # it happens on the way up; else on the way down


@dataclass(frozen=True)
class LevelSource:
    key: str
    find: Callable[[], Iterable[Level]]


level_sources: Registry[LevelSource] = Registry("level source")


def levels() -> list[Level]:
    """Every level that counts now."""
    return [level for source in level_sources for level in source.find()]
