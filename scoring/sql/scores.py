"""The statements about stored scores: locking them, moving them, reading what they show on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from django.db import transaction

from contacts.sql import array, dicts, execute, tuples
from scoring.sql.permission import BARRED
from scoring.sql.terms import BOOK_BOUNDS, BOOK_TERMS, LIVE_BOUNDS, LIVE_TERMS, bounded, shown

ENSURE_SCORES = f"""
INSERT INTO scoring_contactscore (contact_id, group_id, score, updated_at, barred, swept)
SELECT c.id, NULL, 0, now(), {BARRED.format(contact="c.id")}, (
  SELECT CASE WHEN bool_or(finished_at IS NULL) THEN 0 ELSE coalesce(max(id), 0) END FROM scoring_sweep
) FROM contacts_contact c WHERE c.id = ANY(%(contacts)s::bigint[])
  AND NOT EXISTS (SELECT FROM scoring_contactscore s WHERE s.contact_id = c.id AND s.group_id IS NULL)
ORDER BY c.id
ON CONFLICT (contact_id, group_id) DO NOTHING
"""
LOCK_SCORES = """
SELECT s.contact_id FROM unnest(%s::bigint[]) AS wanted(contact_id) CROSS JOIN LATERAL (
  SELECT contact_id FROM scoring_contactscore s WHERE s.contact_id = wanted.contact_id AND s.group_id IS NULL FOR UPDATE
) s
"""


def lock_scores(contact_ids: Sequence[int], purposes: Callable[[], Sequence[Mapping[str, Any]]]) -> list[int]:
    """Lock these contacts' overall score rows in the order given, making them where missing; the contacts that exist.

    Rows are made before any is locked, so that everybody waits for everybody in the same order: where some turn out to be
    missing, which is rare, the locks are given back first. `purposes`: see scoring.sql.permission.
    """
    if not contact_ids:
        return []
    ids = array(contact_ids)
    before = transaction.savepoint()
    locked = tuples(LOCK_SCORES, [ids])
    if len(locked) < len(contact_ids):
        transaction.savepoint_rollback(before)
        execute(ENSURE_SCORES, {"contacts": ids, "purposes": orjson.dumps(purposes()).decode()})
        locked = tuples(LOCK_SCORES, [ids])
    transaction.savepoint_commit(before)
    return [pk for (pk,) in locked]


BEHIND = """
SELECT swept, array_agg(contact_id ORDER BY contact_id) AS contacts FROM scoring_contactscore
WHERE group_id IS NULL AND contact_id = ANY(%s) AND swept < %s GROUP BY swept ORDER BY swept
"""
MARK_SWEPT = "UPDATE scoring_contactscore SET swept = %s WHERE group_id IS NULL AND contact_id = ANY(%s::bigint[])"


def behind(contact_ids: Sequence[int], sweep_id: int) -> dict[int, list[int]]:
    """Those of these contacts whom this sweep has not been to, by the last sweep that has."""
    return {row["swept"]: row["contacts"] for row in dicts(BEHIND, [list(contact_ids), sweep_id])}


def mark_swept(contact_ids: Sequence[int], sweep_id: int) -> None:
    execute(MARK_SWEPT, [sweep_id, array(contact_ids)])


NOTE_TOLD = "UPDATE scoring_contactscore SET updated_at = now() WHERE contact_id = ANY(%s)"


def note_told(contact_ids: Sequence[int]) -> None:
    """Note that what fading did to these contacts until today has been told: the turn of the day leaves them out."""
    execute(NOTE_TOLD, [list(contact_ids)])


# Group sums move; the overall row keeps the weighted sum of the groups without a half-life. `since` is the last day that was
# turned: what fading alone did since then is part of this movement.
REFRESH = f"""
WITH terms AS MATERIALIZED ({LIVE_TERMS}), bounds AS MATERIALIZED ({LIVE_BOUNDS}),
delta AS MATERIALIZED (
  SELECT contact_id, group_id, points, forward
  FROM jsonb_to_recordset(%(deltas)s::jsonb) AS d(contact_id bigint, group_id bigint, points numeric, forward float8)
),
moved AS MATERIALIZED (
  INSERT INTO scoring_contactscore AS s (contact_id, group_id, score, forward, updated_at)
  SELECT contact_id, group_id, points, forward, now() FROM delta ORDER BY contact_id, group_id
  ON CONFLICT (contact_id, group_id) DO UPDATE SET score = s.score + excluded.score, forward = s.forward + excluded.forward, updated_at = now()
  RETURNING contact_id, group_id, score, forward
),
shown AS MATERIALIZED (
  SELECT m.contact_id, m.group_id, t.weight, t.half_life_days IS NOT NULL AS fades,
    {shown("(m.score - d.points)", "(m.forward - d.forward)", "%(since)s::date")} AS before, {shown("m.score", "m.forward", "%(today)s::date")} AS after
  FROM moved m JOIN delta d USING (contact_id, group_id) JOIN terms t ON t.id = m.group_id
),
other AS MATERIALIZED (
  SELECT s.contact_id, sum(t.weight * {shown("s.score", "s.forward", "%(since)s::date")}) AS before,
    sum(t.weight * {shown("s.score", "s.forward", "%(today)s::date")}) AS after
  FROM terms t JOIN scoring_contactscore s ON s.group_id = t.id
  WHERE t.half_life_days IS NOT NULL AND s.contact_id = ANY(%(contacts)s::bigint[])
    AND NOT EXISTS (SELECT FROM delta d WHERE d.contact_id = s.contact_id AND d.group_id = s.group_id)
  GROUP BY 1
),
total AS (
  SELECT contact_id, coalesce(sum(weight * (after - before)) FILTER (WHERE NOT fades), 0) AS moved,
    coalesce(sum(weight * before) FILTER (WHERE fades), 0) AS before, coalesce(sum(weight * after) FILTER (WHERE fades), 0) AS after
  FROM shown GROUP BY 1
),
overall AS (
  UPDATE scoring_contactscore o SET score = o.score + total.moved, updated_at = now() FROM total
  WHERE o.group_id IS NULL AND o.contact_id = total.contact_id
  RETURNING o.contact_id, o.score - total.moved + total.before AS before, o.score + total.after AS after
),
sums AS (
  SELECT o.contact_id, round(o.before + coalesce(other.before, 0), 2) AS before, round(o.after + coalesce(other.after, 0), 2) AS after
  FROM overall o LEFT JOIN other USING (contact_id)
),
movements AS (
  SELECT contact_id, group_id, before, after FROM shown
  UNION ALL SELECT contact_id, NULL, {bounded("sums.before", "bounds")}, {bounded("sums.after", "bounds")} FROM sums CROSS JOIN bounds
)
SELECT contact_id, group_id, before, after FROM movements WHERE before <> after {{within}} ORDER BY contact_id, group_id
"""
WITHIN = """AND EXISTS (
  SELECT FROM unnest(%(groups)s::bigint[], %(lows)s::numeric[], %(highs)s::numeric[]) AS watched(group_id, low, high)
  WHERE watched.group_id = coalesce(movements.group_id, 0) AND least(before, after) <= high AND greatest(before, after) >= low
)"""


def refresh(
    deltas: Sequence[Mapping[str, Any]],
    since: date,
    today: date,
    watched: Sequence[tuple[int | None, Decimal, Decimal]] | None = None,
) -> list[dict[str, Any]]:
    """Add {contact_id, group_id, points, forward} to the scores; {contact_id, group_id, before, after} of what shows.

    Of `watched` ranges (group, lowest, highest), only what passes through or stays in one. (Thousands of movements that
    concern nobody need not leave the database: it was a fifth of a large batch.) The caller holds the contacts' score rows.
    """
    contacts = sorted({delta["contact_id"] for delta in deltas})
    groups, lows, highs = zip(*watched, strict=True) if watched else ((), (), ())
    return dicts(
        REFRESH.format(within="" if watched is None else WITHIN),
        {
            "deltas": orjson.dumps(deltas, default=str).decode(),
            "contacts": array(contacts),
            "since": since,
            "today": today,
            "groups": [group or 0 for group in groups],
            "lows": list(lows),
            "highs": list(highs),
        },
    )


VALUES = """
WITH terms AS MATERIALIZED ({terms}), bounds AS MATERIALIZED ({bounds}),
shown AS MATERIALIZED (
  SELECT s.contact_id, s.group_id, t.weight, {shown} AS value
  FROM scoring_contactscore s JOIN terms t ON t.id = s.group_id WHERE s.contact_id = ANY(%(contacts)s::bigint[])
),
overall AS (SELECT contact_id, round(sum(weight * value), 2) AS value FROM shown GROUP BY 1)
SELECT contact_id, group_id, value FROM shown
UNION ALL SELECT contact_id, NULL, {bounded} FROM overall CROSS JOIN bounds
"""


def values(
    contact_ids: Sequence[int], day: date, book: Mapping[str, Any] | None = None
) -> dict[tuple[int, int | None], Any]:
    """What these contacts' scores show on a day, under the terms of now or of a rulebook: {(contact, group): value}.

    Sums as they are now: what had not happened by that day is not taken out (the time machine does that).
    """
    statement = VALUES.format(
        terms=LIVE_TERMS if book is None else BOOK_TERMS,
        bounds=LIVE_BOUNDS if book is None else BOOK_BOUNDS,
        shown=shown("s.score", "s.forward", "%(day)s::date"),
        bounded=bounded("overall.value", "bounds"),
    )
    rows = dicts(statement, {"contacts": array(contact_ids), "day": day, **(book or {})})
    return {(row["contact_id"], row["group_id"]): row["value"] for row in rows}
