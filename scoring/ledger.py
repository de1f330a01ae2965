"""The points ledger: the only module through which entries and adjustments are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from scoring import decay, sql
from scoring.models import Adjustment
from scoring.scores import Delta

TABLE = "scoring_pointentry"


def award(event_ids: Sequence[int], span: tuple[datetime, datetime] | None = None) -> list[Delta]:
    """Count events into the lines of the rules in force when they happened; returns the points that moved.

    Each event must be handed in once: the inbox sees to that. Order does not matter: what a line is credited is a function
    of the hits counted and of their times, so late and out-of-order events give the same lines as a replay. `span`: the
    first and last moment of the events, if known. The caller holds the score lock.
    """
    if not event_ids:
        return []
    shape, today, span = sql.shape(), decay.today(), span or sql.span(event_ids)
    deltas = _deltas(sql.award(event_ids, today, span))
    if shape.wide or shape.cuts:
        deltas += _deltas(sql.recap(sql.contacts_of(event_ids, span), today, shape, actions=()))
    return deltas


def replay(
    contact_ids: Sequence[int],
    actions: Sequence[int] | None = None,
    without: Sequence[int] = (),
    *,
    recap_all: bool = False,
) -> list[Delta]:
    """Rebuild the lines of these contacts (of these actions, if given) from their events; writes differences only.

    Uses the same counting as `award`; events in `without` are left for it. `recap_all`: the caps of groups are not what they
    were, so that lines of any action may be cut. The caller holds the score lock.
    """
    if not contact_ids:
        return []
    shape, today = sql.shape(), decay.today()
    deltas = []
    if actions is None or actions:
        deltas += _deltas(sql.replay(contact_ids, today, shape, actions, without))
    if actions is not None and (shape.wide or shape.cuts or recap_all):
        deltas += _deltas(sql.recap(contact_ids, today, shape, None if recap_all else actions))
    return deltas


def reprice(contact_ids: Sequence[int], was: Mapping[int, int]) -> list[Delta]:
    """What moves because versions are worth something else than they `was`; no line is written."""
    return _deltas(sql.reprice(contact_ids, was, decay.today())) if contact_ids and was else []


def expiring(limit: int, without: Sequence[int] = ()) -> list[int]:
    """Contacts, at most `limit` and none of these, with points that have expired and still count."""
    return sql.expiring(decay.today(), limit, without)


def expire(contact_ids: Sequence[int]) -> list[Delta]:
    """Take what has expired from these contacts' scores; its lines stay. The caller holds the score lock."""
    return _deltas(sql.expire(contact_ids, decay.today())) if contact_ids else []


def adjust(
    contact_id: int,
    group_id: int,
    points: int,
    *,
    origin: str = Adjustment.Origin.MANUAL,
    note: str,
    author: Any = None,
    key: UUID | None = None,
) -> Adjustment:
    """Give or take points outside the rules; the pipeline adds them to the score within a tick.

    Append-only. Repeating a call with the same `key` adds nothing and returns the first adjustment.
    """
    adjustment, _ = Adjustment.objects.get_or_create(
        key=key or uuid4(),
        defaults={
            "contact_id": contact_id,
            "group_id": group_id,
            "points": points,
            "origin": origin,
            "note": note,
            "author": author,
        },
    )
    return adjustment


def waiting_adjustments(limit: int, without: Sequence[int] = ()) -> list[int]:
    """The ids of the oldest adjustments not yet in the scores, at most `limit` and none of these (`adjustment_waiting`)."""
    waiting = Adjustment.objects.filter(applied_at__isnull=True).exclude(pk__in=without)
    return list(waiting.order_by("id").values_list("id", flat=True)[:limit])


def take_adjustments(ids: Sequence[int]) -> dict[int, int]:
    """Of these, the adjustments that wait and nobody else has taken (id → contact), locked for this transaction."""
    return {row["id"]: row["contact_id"] for row in sql.take_adjustments(ids)}


def apply(adjustment_ids: Sequence[int]) -> list[Delta]:
    """Add adjustments to the scores, each once. The caller holds the score lock."""
    return _deltas(sql.apply_adjustments(adjustment_ids)) if adjustment_ids else []


def _deltas(rows: Sequence[dict[str, Any]]) -> list[Delta]:
    return [Delta(**row) for row in rows]
