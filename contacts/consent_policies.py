"""What this instance asks consent for: per purpose an explicit yes, or assumed until refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from contacts import sql
from contacts.models import ConsentPolicy, Purpose

PURPOSES = tuple(Purpose.values)  # made anew each time it is asked for, and the hot path asks often
KNOWN_FOR = 5.0  # seconds: how long a change made by another process may go unnoticed

Listener = Callable[[str], None]


@dataclass
class _Known:
    decided: dict[str, bool] = field(default_factory=dict)
    until: float = 0.0


_known = _Known()
_listeners: list[Listener] = []


def required() -> frozenset[str]:
    """The purposes that need an explicit yes. Asks the database at most every few seconds."""
    if time.monotonic() > _known.until:
        refresh()
    return required_as_known()


def required_as_known() -> frozenset[str]:
    """As `required`, without ever asking the database: for the hot path, which waits for nothing."""
    return _required(_known.decided)


def in_force() -> frozenset[str]:
    """As `required`, by the database itself: for what is written down and not asked again."""
    return _required(_read())


def refresh() -> None:
    """Read what is in force."""
    _known.decided = _read()
    _known.until = time.monotonic() + KNOWN_FOR


def decide(purpose: str, is_required: bool, author: Any = None) -> bool:
    """Put a setting into force from now on; True if that is new. What follows from it is begun in the same transaction."""
    with transaction.atomic():
        sql.lock_consent()
        refresh()
        if (purpose in required_as_known()) == is_required:
            return False
        ConsentPolicy.objects.create(purpose=purpose, is_required=is_required, author=author)
        for listener in _listeners:
            listener(purpose)
    refresh()
    return True


def on_change(listener: Listener) -> Listener:
    """Decorator: call this with the purpose, in the transaction that changes its setting."""
    _listeners.append(listener)
    return listener


def suppose(decided: dict[str, bool], seconds: float) -> None:
    """Take this as what the database says for a while: for tests that count queries."""
    _known.decided, _known.until = decided, time.monotonic() + seconds


def _read() -> dict[str, bool]:
    latest = ConsentPolicy.objects.order_by("purpose", "-id").distinct("purpose")
    return dict(latest.values_list("purpose", "is_required"))


def _required(decided: dict[str, bool]) -> frozenset[str]:
    asked = settings.CONSENT_REQUIRED
    return frozenset(purpose for purpose in PURPOSES if decided.get(purpose, purpose in asked))
