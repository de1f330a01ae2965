"""The statements about scores: the lock, moving them, what they are worth on a day, and proof that they are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction

from contacts.sql import array, dicts, execute, tuples
from scoring.sql.fragments import LIVE_RULES, barred, growth, worth
from scoring.sql.permission import BARRED

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


def lock_scores(contact_ids: Sequence[int], purposes: Sequence[Mapping[str, Any]]) -> list[int]:
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
        execute(ENSURE_SCORES, {"contacts": ids, "purposes": orjson.dumps(purposes).decode()})
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


# --- what a score is worth on a day -----------------------------------------------------------------------------------

_TERMS = "id, weight, half_life_days, epoch, floor, ceiling"
LIVE_TERMS = f"SELECT {_TERMS} FROM scoring_pointgroup"
BOOK_TERMS = """
SELECT * FROM jsonb_to_recordset(%(terms)s::jsonb) AS t(id bigint, weight numeric, half_life_days int, epoch date, floor int, ceiling int)
"""
LIVE_BOUNDS = "SELECT max(floor) AS floor, max(ceiling) AS ceiling FROM scoring_overallscore"
BOOK_BOUNDS = "SELECT %(floor)s::int AS floor, %(ceiling)s::int AS ceiling"


def bounded(value: str, bounds: str) -> str:
    """A value within the floor and the ceiling of its group, or of the overall score; a bound that is null bounds nothing."""
    return f"greatest(least({value}, {bounds}.ceiling), {bounds}.floor)"


def faded(forward: str, day: str, terms: str) -> str:
    """What is left on a day of a forward-decayed sum. What would be too small for a floating-point number is nothing."""
    halvings = f"(({terms}.epoch - {day})::float8 / {terms}.half_life_days)"
    factor = f"power(2::float8, greatest(-1000, least(1000, {halvings})))"
    return f"(CASE WHEN {halvings} < -30 AND abs({forward}) < 1 THEN 0 ELSE {forward} * {factor} END)"


def shown(score: str, forward: str, day: str, terms: str = "t") -> str:
    """What a group's sums are worth on a day: faded by its half-life to the cent, and within its bounds."""
    value = f"round({faded(forward, day, terms)}::numeric, 2)"
    return bounded(f"(CASE WHEN {terms}.half_life_days IS NULL THEN {score} ELSE {value} END)", terms)


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
SELECT contact_id, group_id, before, after FROM movements WHERE before <> after ORDER BY contact_id, group_id
"""


def refresh(deltas: Sequence[Mapping[str, Any]], since: date, today: date) -> list[dict[str, Any]]:
    """Add {contact_id, group_id, points, forward} to the scores; {contact_id, group_id, before, after} of what shows.

    The caller holds the contacts' score rows.
    """
    contacts = sorted({delta["contact_id"] for delta in deltas})
    return dicts(
        REFRESH,
        {
            "deltas": orjson.dumps(deltas, default=str).decode(),
            "contacts": array(contacts),
            "since": since,
            "today": today,
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


# The sums as the ledger has them, group by group, and the overall row's part of them.
DUE = f"""
WITH rules AS MATERIALIZED ({LIVE_RULES}), terms AS MATERIALIZED ({LIVE_TERMS}),
lines AS (
  SELECT p.contact_id, v.group_id, points, points * {growth("p.first_at", "v")} AS forward
  FROM scoring_pointentry p JOIN rules v ON v.id = p.version_id CROSS JOIN LATERAL (SELECT {worth("p", "v")} AS points) line
  WHERE {{entries}}
  UNION ALL
  SELECT a.contact_id, a.group_id, a.points, a.points * {growth("a.at", "g")}
  FROM scoring_adjustment a JOIN scoring_pointgroup g ON g.id = a.group_id WHERE a.applied_at IS NOT NULL AND {{adjustments}} AND NOT {barred("a.contact_id")}
),
sums AS MATERIALIZED (
  SELECT contact_id, group_id, sum(points)::numeric AS score, sum(forward)::float8 AS forward FROM lines GROUP BY 1, 2
),
due AS (
  SELECT contact_id, group_id, score, forward FROM sums
  UNION ALL
  SELECT s.contact_id, NULL, sum({bounded("s.score", "t")} * t.weight), 0
  FROM sums s JOIN terms t ON t.id = s.group_id WHERE t.half_life_days IS NULL GROUP BY 1
)
"""

# Sums of floating-point numbers depend on their order in the last digits; more than this is an error.
CLOSE = "abs({a} - {b}) <= 1e-6 * greatest(1, abs({a}), abs({b}))"

REVALUE = (
    DUE
    + f"""
, wanted AS (
  SELECT coalesce(d.contact_id, s.contact_id) AS contact_id, coalesce(d.group_id, s.group_id) AS group_id,
         coalesce(d.score, 0)::numeric(20, 2) AS score, coalesce(d.forward, 0) AS forward
  FROM due d FULL JOIN (SELECT * FROM scoring_contactscore WHERE contact_id = ANY(%(contacts)s::bigint[])) s
    ON s.contact_id = d.contact_id AND coalesce(s.group_id, 0) = coalesce(d.group_id, 0)
  WHERE coalesce(d.score, 0)::numeric(20, 2) <> coalesce(s.score, 0) OR NOT {CLOSE.format(a="coalesce(d.forward, 0)", b="coalesce(s.forward, 0)")}
)
INSERT INTO scoring_contactscore (contact_id, group_id, score, forward, updated_at)
SELECT contact_id, group_id, score, forward, now() FROM wanted ORDER BY contact_id, group_id
ON CONFLICT (contact_id, group_id) DO UPDATE SET score = excluded.score, forward = excluded.forward, updated_at = now()
"""
)


def revalue(contact_ids: Sequence[int]) -> int:
    """Make the sums of these contacts those of their lines and adjustments, whatever they were; how many rows were not.

    The caller holds their score rows.
    """
    statement = REVALUE.format(
        entries="p.contact_id = ANY(%(contacts)s::bigint[])", adjustments="a.contact_id = ANY(%(contacts)s::bigint[])"
    )
    return execute(statement, {"contacts": array(contact_ids), "zone": settings.TIME_ZONE})


DIFFERENCES = (
    DUE
    + f"""
SELECT coalesce(d.contact_id, s.contact_id) AS contact_id, coalesce(d.group_id, s.group_id) AS group_id,
       coalesce(d.score, 0)::numeric(20, 2) AS due, coalesce(s.score, 0) AS score
FROM due d FULL JOIN (SELECT * FROM scoring_contactscore s WHERE {{scores}}) s
  ON s.contact_id = d.contact_id AND coalesce(s.group_id, 0) = coalesce(d.group_id, 0)
WHERE coalesce(d.score, 0)::numeric(20, 2) <> coalesce(s.score, 0) OR NOT {CLOSE.format(a="coalesce(d.forward, 0)", b="coalesce(s.forward, 0)")}
ORDER BY 1, 2
"""
)


def differences(contact_ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """Every score (of these contacts) that is not the sum of its lines: none, unless somebody wrote past the engine."""
    some = contact_ids is not None
    statement = DIFFERENCES.format(
        entries="p.contact_id = ANY(%(contacts)s::bigint[])" if some else "p.credited <> 0",
        adjustments="a.contact_id = ANY(%(contacts)s::bigint[])" if some else "true",
        scores="s.contact_id = ANY(%(contacts)s::bigint[])" if some else "true",
    )
    return dicts(statement, {"contacts": array(contact_ids or ()), "zone": settings.TIME_ZONE})


# --- what time alone moves ---------------------------------------------------------------------------------------------

CROSSED_IN_GROUP = f"""
WITH t AS MATERIALIZED ({LIVE_TERMS} WHERE id = %(group)s)
SELECT contact_id, group_id, before, after FROM (
  SELECT s.contact_id, s.group_id, {shown("s.score", "s.forward", "%(since)s::date")} AS before, {shown("s.score", "s.forward", "%(today)s::date")} AS after
  FROM scoring_contactscore s CROSS JOIN t
  WHERE s.group_id = %(group)s AND s.forward <> 0 AND s.updated_at < %(midnight)s AND EXISTS (
    SELECT FROM unnest(%(ranges)s::float8[], %(ends)s::float8[]) AS r(first, last) WHERE s.forward BETWEEN r.first AND r.last
  )
) moved WHERE before <> after ORDER BY contact_id
"""

CROSSED_OVERALL = f"""
WITH terms AS MATERIALIZED ({LIVE_TERMS}), bounds AS MATERIALIZED ({LIVE_BOUNDS}),
fading AS (
  SELECT s.contact_id, sum(t.weight * {shown("s.score", "s.forward", "%(since)s::date")}) AS before,
    sum(t.weight * {shown("s.score", "s.forward", "%(today)s::date")}) AS after
  FROM terms t JOIN scoring_contactscore s ON s.group_id = t.id WHERE t.half_life_days IS NOT NULL AND s.forward <> 0 GROUP BY 1
),
sums AS (
  SELECT o.contact_id, round(o.score + f.before, 2) AS before, round(o.score + f.after, 2) AS after
  FROM fading f JOIN scoring_contactscore o ON o.contact_id = f.contact_id AND o.group_id IS NULL
  WHERE f.before <> f.after AND o.updated_at < %(midnight)s
),
moved AS (
  SELECT contact_id, {bounded("sums.before", "bounds")} AS before, {bounded("sums.after", "bounds")} AS after FROM sums CROSS JOIN bounds
)
SELECT contact_id, NULL::bigint AS group_id, before, after FROM moved
WHERE EXISTS (SELECT FROM unnest(%(levels)s::numeric[]) AS l(level) WHERE (before >= level) <> (after >= level)) ORDER BY contact_id
"""


def crossed_in_group(
    group_id: int, ranges: Sequence[tuple[float, float]], since: date, today: date, midnight: Any
) -> list[dict[str, Any]]:
    """Scores of a fading group that pass a level between two days by time alone: those whose `forward` is in a range.

    Scores that something moved since midnight are left out: that movement has told of it. Uses the index `ranking_today`.
    """
    values = {"group": group_id, "since": since, "today": today, "midnight": midnight}
    return dicts(
        CROSSED_IN_GROUP, values | {"ranges": [first for first, _ in ranges], "ends": [last for _, last in ranges]}
    )


def crossed_overall(levels: Sequence[Any], since: date, today: date, midnight: Any) -> list[dict[str, Any]]:
    """Overall scores that pass one of these levels between two days by time alone."""
    return dicts(CROSSED_OVERALL, {"levels": list(levels), "since": since, "today": today, "midnight": midnight})


REBASE = f"""
UPDATE scoring_contactscore s SET forward = {faded("s.forward", "%(today)s::date", "t")}
FROM scoring_pointgroup t WHERE t.id = %(group)s AND s.group_id = t.id AND s.forward <> 0
"""


def rebase(group_id: int, today: date) -> None:
    """Let a group's forward sums be worth today what they say: moves no score. The caller sets the epoch to today."""
    execute(REBASE, {"group": group_id, "today": today})
