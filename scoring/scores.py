"""The scores: a cache of the ledger, moved by differences, and the one lock of the system."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scoring import sql
from scoring.models import PointGroup


@dataclass(frozen=True, order=True)
class Delta:
    """Points that came or went in a contact's group."""

    contact_id: int
    group_id: int
    points: int


@dataclass(frozen=True)
class Movement:
    """A score before and after a batch; `group_id` None is the overall score."""

    contact_id: int
    group_id: int | None
    before: Decimal
    after: Decimal


def lock(contact_ids: Iterable[int]) -> list[int]:
    """Hold these contacts' scores until the transaction ends, in contact order; returns those that exist.

    Whoever changes points, live or in a replay, holds this first: so each sees what the other has written.
    """
    return sql.lock_scores(sorted(set(contact_ids)))


def refresh(deltas: Iterable[Delta]) -> list[Movement]:
    """Add what moved to the group scores and, by weight, to the overall scores. The caller holds the lock."""
    moved: dict[tuple[int, int | None], Decimal] = {}
    weights = dict(PointGroup.objects.values_list("pk", "weight"))
    for delta in deltas:
        for group_id, points in (
            (delta.group_id, Decimal(delta.points)),
            (None, delta.points * weights[delta.group_id]),
        ):
            moved[delta.contact_id, group_id] = moved.get((delta.contact_id, group_id), Decimal()) + points
    rows = [
        {"contact_id": contact, "group_id": group, "points": points}
        for (contact, group), points in moved.items()
        if points
    ]
    return [_movement(row, moved) for row in sql.move_scores(rows)] if rows else []


def weigh(contact_ids: Sequence[int], movements: Sequence[Movement] = ()) -> list[Movement]:
    """Recompute the overall scores of these contacts after a change of weights; all that moved, `movements` included.

    An overall score that moved twice moved once, from where it was before. The caller holds the lock.
    """
    after = {row["contact_id"]: row for row in sql.weigh(contact_ids)}
    before = {one.contact_id: one.before for one in movements if one.group_id is None}
    overall = [Movement(pk, None, before.get(pk, row["before"]), row["after"]) for pk, row in after.items()]
    return [
        *(one for one in movements if one.group_id is not None or one.contact_id not in after),
        *(one for one in overall if one.before != one.after),
    ]


def _movement(row: dict[str, Any], moved: dict[tuple[int, int | None], Decimal]) -> Movement:
    key = row["contact_id"], row["group_id"]
    return Movement(*key, before=row["score"] - moved[key], after=row["score"])
