"""The answer of a back-test, kept as JSON and read again: numbers only, so that it is told in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from scoring.backtests.reports import Report
from scoring.backtests.verdicts import Comparison


@dataclass(frozen=True)
class Answer:
    """A report by rulebook, and how the draft compares with the rules of today, where it was asked."""

    reports: Mapping[str, Report]
    comparison: Comparison | None
    contacts: int
    earlier: int  # left out because they had converted before


def dump(answer: Answer) -> dict[str, Any]:
    return orjson.loads(orjson.dumps(asdict(answer), default=str))  # type: ignore[no-any-return]


def load(stored: Mapping[str, Any]) -> Answer:
    """What was dumped, equal to what it was."""
    read: Answer = _read(Answer, stored)
    return read


def _read(kind: Any, stored: Any) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        [inner] = [arg for arg in args if arg is not NoneType]
        return None if stored is None else _read(inner, stored)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _read(args[1], value) for key, value in stored.items()}
    if origin is not None and issubclass(origin, Sequence | tuple):
        items = [_read(args[0], item) for item in stored]
        return tuple(items) if origin is tuple else items
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: _read(hints[field.name], stored[field.name]) for field in fields(kind)})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum | Decimal | float):
        return kind(stored)
    return stored
