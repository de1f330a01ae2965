"""The one registry class: a new type is one file and one import line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from django.utils.translation import gettext


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


T = TypeVar("T", bound=Keyed)


def unknown_label(key: str) -> str:
    """What a row is called whose type is no longer there."""
    return gettext("Unknown type: %(key)s") % {"key": key}


class Registry(Generic[T]):
    """Types by their key. Keys are stored in rows: never rename one."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._types: dict[str, T] = {}

    def register(self, cls: type[T]) -> type[T]:
        """Class decorator: make one instance and keep it. A key in use is refused with ValueError."""
        self.add(cls())
        return cls

    def add(self, item: T) -> T:
        """Keep an instance made elsewhere, under the same rule as `register`."""
        if item.key in self._types:
            raise ValueError(f"{self.noun} {item.key!r} is registered twice")
        self._types[item.key] = item
        return item

    def get(self, key: str) -> T | None:
        """The type, or None for an unknown or retired key: rows outlive code."""
        return self._types.get(key)

    def __getitem__(self, key: str) -> T:
        return self._types[key]

    def __contains__(self, key: str) -> bool:
        return key in self._types

    def __iter__(self) -> Iterator[T]:
        return iter(self._types.values())

    def __len__(self) -> int:
        return len(self._types)
