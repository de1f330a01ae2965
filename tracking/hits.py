"""The one door: everything that happens enters Bareme through `record()`, as a row in the inbox."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tracking import sql
from tracking.models import Hit, Kind

MAX_TEXT = 2000


def new_key() -> uuid.UUID:
    """A random key that begins with the time (UUID version 7): rows that arrive together lie together in its index."""
    milliseconds, chance = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | (chance >> 68) << 64 | 0b10 << 62 | chance & 2**62 - 1)


@dataclass(frozen=True, kw_only=True)
class NewHit:
    """What came in, before anybody asks who it was.

    `key` makes a hit received twice count once: give a stable one wherever the sender may retry. `at` is when it happened
    (timezone-aware); it defaults to now. `contact_id` only from a signed token or from our own code, `visitor_id` from the
    browser. Pages need `url`, custom events `data["name"]`, forms `data["answers"]`; other kinds name a `subject_id`.
    """

    kind: Kind
    key: uuid.UUID = field(default_factory=new_key)
    at: datetime = field(default_factory=timezone.now)
    contact_id: int | None = None
    visitor_id: uuid.UUID | None = None
    subject_id: int | None = None
    message_id: int | None = None
    url: str = ""
    user_agent: str = ""
    ip: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def record(hit: NewHit) -> None:
    """Put a hit into the inbox. Once the surrounding transaction has committed, it is never lost.

    Idempotent by `hit.key`. Outside a transaction the row is durable when this returns.
    """
    record_many([hit])


def record_many(hits: Iterable[NewHit]) -> None:
    """`record()` for many hits, in one statement."""
    if new := rows(hits):
        sql.insert_hits(new)


def rows(hits: Iterable[NewHit]) -> list[dict[str, Any]]:
    """The hits as rows of the inbox, with nothing in them that PostgreSQL cannot keep."""
    return [_row(hit) for hit in hits]


def retry(parked: QuerySet[Hit]) -> int:
    """Put parked hits back among those that wait; how many."""
    return parked.filter(parked_at__isnull=False).update(parked_at=None, error="")


def _row(hit: NewHit) -> dict[str, Any]:
    return {
        **vars(hit),  # not asdict(): it copies all the way down
        "url": storable(hit.url, MAX_TEXT),
        "user_agent": storable(hit.user_agent, 500),
        "data": storable(hit.data, MAX_TEXT * 5),
    }


def storable(value: Any, limit: int = MAX_TEXT) -> Any:
    """The value as PostgreSQL can keep it: no NUL characters or lone surrogates, texts cut at `limit` characters."""
    if not value:
        return value
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value[:limit]  # nearly all, and half the time of a hit otherwise
        return value.replace("\x00", "").encode("utf-8", "replace").decode()[:limit]
    if isinstance(value, Mapping):
        return {storable(str(key), 200): storable(item, limit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item, limit) for item in value]
    return value
