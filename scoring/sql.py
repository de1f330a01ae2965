"""Scoring's hand-written statements: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from contacts.sql import dicts, execute

RULES_LOCK = "hashtext('bareme rules')"


def share_rules() -> None:
    """Hold the rules as they are until the transaction ends: batches share this, publishing excludes them."""
    execute(f"SELECT pg_advisory_xact_lock_shared({RULES_LOCK})", [])


def own_rules() -> None:
    """Wait for running batches and keep new ones out until the transaction ends: for publishing a rule."""
    execute(f"SELECT pg_advisory_xact_lock({RULES_LOCK})", [])


def insert_matches(version_id: int, subjects: QuerySet[Any]) -> None:
    """Resolve a version: one Match for each (subject id, object id) the queryset yields. Repeating adds nothing."""
    try:
        query, params = subjects.query.sql_with_params()
    except EmptyResultSet:
        return  # what it was about is gone
    execute(
        f"""INSERT INTO scoring_match (version_id, subject_id, object_id) SELECT %s, found.* FROM ({query}) found
        ON CONFLICT (subject_id, version_id) DO NOTHING""",
        [version_id, *params],
    )


# --- the ledger -------------------------------------------------------------------------------------------------------

# Events × rules in force at the event's time, counted by occurrence. {events} chooses the events.
COUNTED = """
SELECT e.contact_id, v.action_id, v.id AS version_id,
       CASE WHEN v.repeat IN ('object', 'always') THEN m.object_id ELSE 0 END AS object_id,
       CASE v.repeat
         WHEN 'once' THEN DATE '0001-01-01'
         WHEN 'object' THEN DATE '0001-01-01'
         WHEN 'week' THEN date_trunc('week', e.at AT TIME ZONE %(zone)s)::date
         WHEN 'month' THEN date_trunc('month', e.at AT TIME ZONE %(zone)s)::date
         ELSE (e.at AT TIME ZONE %(zone)s)::date
       END AS period,
       count(*)::int AS hits, min(e.at) AS first_at, max(e.at) AS last_at
FROM tracking_event e
JOIN scoring_match m ON m.subject_id = e.subject_id
JOIN scoring_pointactionversion v ON v.id = m.version_id AND v.kind = e.kind
 AND e.at >= v.valid_from AND e.at < v.valid_until
 AND (v.active_from IS NULL OR e.at >= v.active_from) AND (v.active_until IS NULL OR e.at < v.active_until)
WHERE {events} AND e.contact_id IS NOT NULL AND e.verdict < 2
GROUP BY 1, 2, 3, 4, 5
"""

# Where versions of one action share an occurrence, the earlier version's hits are credited first.
CREDITED = """
SELECT l.*, v.group_id, v.points,
  CASE WHEN v.cap IS NULL THEN l.hits ELSE greatest(0, least(l.hits, v.cap - coalesce(sum(l.hits) OVER (
    PARTITION BY l.contact_id, l.action_id, l.object_id, l.period ORDER BY v.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0)))::int END AS credited
FROM lines l JOIN scoring_pointactionversion v ON v.id = l.version_id
"""

WRITE = """
INSERT INTO scoring_pointentry AS entry (contact_id, action_id, version_id, object_id, period, hits, credited, first_at, last_at)
SELECT contact_id, action_id, version_id, object_id, period, hits, credited, first_at, last_at FROM changed
ORDER BY contact_id, action_id, object_id, period, version_id
ON CONFLICT (contact_id, action_id, object_id, period, version_id) DO UPDATE
SET hits = excluded.hits, credited = excluded.credited, first_at = excluded.first_at, last_at = excluded.last_at
"""

DELTAS = "SELECT contact_id, group_id, sum(delta)::bigint AS points FROM {moved} moved GROUP BY 1, 2 HAVING sum(delta) <> 0 ORDER BY 1, 2"

AWARD = f"""
WITH counted AS MATERIALIZED ({COUNTED.format(events="e.id = ANY(%(events)s)")}),
touched AS (SELECT DISTINCT contact_id, action_id, object_id, period FROM counted),
prior AS MATERIALIZED (
  SELECT entry.* FROM touched t CROSS JOIN LATERAL (
    SELECT * FROM scoring_pointentry p
    WHERE p.contact_id = t.contact_id AND p.action_id = t.action_id AND p.object_id = t.object_id AND p.period = t.period OFFSET 0
  ) entry
),
lines AS (
  SELECT contact_id, action_id, version_id, object_id, period,
         sum(hits)::int AS hits, min(first_at) AS first_at, max(last_at) AS last_at, sum(was)::int AS was, bool_or(fresh) AS fresh
  FROM (
    SELECT contact_id, action_id, version_id, object_id, period, hits, first_at, last_at, 0 AS was, true AS fresh FROM counted
    UNION ALL
    SELECT p.contact_id, p.action_id, p.version_id, p.object_id, p.period, p.hits, p.first_at, p.last_at, p.credited, false
    FROM prior p JOIN scoring_pointactionversion v ON v.id = p.version_id AND v.kind IS NOT NULL -- a profile line takes no credit
  ) both_kinds GROUP BY 1, 2, 3, 4, 5
),
credited AS MATERIALIZED ({CREDITED}),
changed AS (SELECT * FROM credited WHERE fresh OR credited <> was),
written AS ({WRITE})
{DELTAS.format(moved="(SELECT contact_id, group_id, (credited - was)::bigint * points AS delta FROM changed)")}
"""


def award(event_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Count these events into the ledger, each exactly once; {contact_id, group_id, points} for what moved.

    The caller holds the contacts' score rows. Uses the primary keys of events and entries.
    """
    return dicts(AWARD, {"events": list(event_ids), "zone": settings.TIME_ZONE})


REPLAY = f"""
WITH counted AS MATERIALIZED ({COUNTED.format(events="e.contact_id = ANY(%(contacts)s)")}),
lines AS (SELECT * FROM counted),
credited AS MATERIALIZED ({CREDITED}),
present AS MATERIALIZED (
  SELECT p.*, v.group_id, v.points FROM scoring_pointentry p JOIN scoring_pointactionversion v ON v.id = p.version_id
  WHERE p.contact_id = ANY(%(contacts)s) AND v.kind IS NOT NULL
),
changed AS MATERIALIZED (
  SELECT c.*, coalesce(p.credited, 0) AS was FROM credited c
  LEFT JOIN present p USING (contact_id, action_id, version_id, object_id, period)
  WHERE (c.hits, c.credited, c.first_at, c.last_at) IS DISTINCT FROM (p.hits, p.credited, p.first_at, p.last_at)
),
gone AS (
  SELECT p.* FROM present p LEFT JOIN counted c USING (contact_id, action_id, version_id, object_id, period) WHERE c.contact_id IS NULL
),
written AS ({WRITE}),
deleted AS (
  DELETE FROM scoring_pointentry p USING gone g
  WHERE (p.contact_id, p.action_id, p.object_id, p.period, p.version_id) = (g.contact_id, g.action_id, g.object_id, g.period, g.version_id)
)
{
    DELTAS.format(
        moved='''(SELECT contact_id, group_id, (credited - was)::bigint * points AS delta FROM changed
  UNION ALL SELECT contact_id, group_id, -credited::bigint * points FROM gone)'''
    )
}
"""


def replay(contact_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rebuild the event lines of these contacts from their events, writing only differences; what moved, as `award`."""
    return dicts(REPLAY, {"contacts": list(contact_ids), "zone": settings.TIME_ZONE})


APPLY_ADJUSTMENTS = f"""
WITH applied AS (
  UPDATE scoring_adjustment SET applied_at = now() WHERE id = ANY(%(ids)s) AND applied_at IS NULL RETURNING contact_id, group_id, points AS delta
)
{DELTAS.format(moved="applied")}
"""


def apply_adjustments(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Mark adjustments as added to the score; what moved. Repeating moves nothing."""
    return dicts(APPLY_ADJUSTMENTS, {"ids": list(ids)})


TAKE_ADJUSTMENTS = """
SELECT id, contact_id FROM scoring_adjustment WHERE applied_at IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""


def take_adjustments(limit: int) -> list[dict[str, Any]]:
    """Adjustments not yet in the scores, locked for this transaction (index `adjustment_waiting`)."""
    return dicts(TAKE_ADJUSTMENTS, [limit])


# --- profile rules ----------------------------------------------------------------------------------------------------

HOLD = f"""
WITH wanted AS (
  SELECT contact_id, version_id FROM jsonb_to_recordset(%(wanted)s::jsonb) AS w(contact_id bigint, version_id bigint)
),
present AS MATERIALIZED (
  SELECT p.*, v.group_id, v.points FROM scoring_pointentry p JOIN scoring_pointactionversion v ON v.id = p.version_id
  WHERE p.contact_id = ANY(%(contacts)s) AND p.period = DATE '0001-01-01' AND v.kind IS NULL
),
came AS MATERIALIZED (
  SELECT w.contact_id, v.action_id, w.version_id, v.group_id, v.points FROM wanted w JOIN scoring_pointactionversion v ON v.id = w.version_id
  WHERE NOT EXISTS (SELECT 1 FROM present p WHERE p.contact_id = w.contact_id AND p.version_id = w.version_id)
),
went AS MATERIALIZED (
  SELECT p.* FROM present p WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE w.contact_id = p.contact_id AND w.version_id = p.version_id)
),
written AS (
  INSERT INTO scoring_pointentry (contact_id, action_id, version_id, hits, credited, first_at, last_at)
  SELECT contact_id, action_id, version_id, 1, 1, %(at)s, %(at)s FROM came ORDER BY contact_id, action_id, version_id
),
deleted AS (
  DELETE FROM scoring_pointentry p USING went w
  WHERE p.contact_id = w.contact_id AND p.action_id = w.action_id AND p.object_id = 0 AND p.period = w.period AND p.version_id = w.version_id
),
begun AS (
  INSERT INTO scoring_holding (contact_id, version_id, since) SELECT contact_id, version_id, %(at)s FROM came
),
ended AS (
  UPDATE scoring_holding h SET until = %(at)s FROM went w WHERE h.contact_id = w.contact_id AND h.version_id = w.version_id AND h.until IS NULL
)
{DELTAS.format(moved='''(SELECT contact_id, group_id, points AS delta FROM came UNION ALL SELECT contact_id, group_id, -points FROM went)''')}
"""


def hold(wanted: Sequence[Mapping[str, int]], contact_ids: Sequence[int], at: Any) -> list[dict[str, Any]]:
    """Make the profile lines of these contacts exactly those of `wanted` ({contact_id, version_id}); what moved."""
    return dicts(HOLD, {"wanted": orjson.dumps(wanted).decode(), "contacts": list(contact_ids), "at": at})


# --- scores -----------------------------------------------------------------------------------------------------------

LOCK_SCORES = """
SELECT contact_id FROM scoring_contactscore WHERE group_id IS NULL AND contact_id = ANY(%s) ORDER BY contact_id FOR UPDATE
"""

ENSURE_SCORES = """
INSERT INTO scoring_contactscore (contact_id, group_id, score, updated_at)
SELECT c.id, NULL, 0, now() FROM contacts_contact c WHERE c.id = ANY(%s) ORDER BY c.id
ON CONFLICT (contact_id, group_id) DO NOTHING
"""


def lock_scores(contact_ids: Sequence[int]) -> list[int]:
    """Lock these contacts' overall score rows in contact order, making them where missing; the contacts that exist."""
    if not contact_ids:
        return []
    execute(ENSURE_SCORES, [list(contact_ids)])
    return [row["contact_id"] for row in dicts(LOCK_SCORES, [list(contact_ids)])]


MOVE_SCORES = """
INSERT INTO scoring_contactscore AS s (contact_id, group_id, score, updated_at)
SELECT contact_id, group_id, points, now()
FROM jsonb_to_recordset(%s::jsonb) AS d(contact_id bigint, group_id bigint, points numeric) ORDER BY contact_id, group_id
ON CONFLICT (contact_id, group_id) DO UPDATE SET score = s.score + excluded.score, updated_at = now()
RETURNING contact_id, group_id, score
"""


def move_scores(deltas: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add to scores (group None: overall); each row's score after. The caller holds the contacts' score rows."""
    return dicts(MOVE_SCORES, [orjson.dumps(deltas, default=str).decode()])


WEIGH = """
WITH due AS (
  SELECT o.id, o.contact_id, o.score AS before, coalesce(sum(s.score * g.weight), 0)::numeric(14, 2) AS after
  FROM scoring_contactscore o
  LEFT JOIN scoring_contactscore s ON s.contact_id = o.contact_id AND s.group_id IS NOT NULL
  LEFT JOIN scoring_pointgroup g ON g.id = s.group_id
  WHERE o.group_id IS NULL AND o.contact_id = ANY(%s) GROUP BY 1, 2, 3
)
UPDATE scoring_contactscore o SET score = due.after, updated_at = now() FROM due
WHERE o.id = due.id AND due.before <> due.after RETURNING o.contact_id, due.before, due.after
"""


def weigh(contact_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Make these contacts' overall scores the weighted sum of their groups; {contact_id, before, after} of the changed."""
    return dicts(WEIGH, [list(contact_ids)])


DIFFERENCES = """
WITH lines AS (
  SELECT p.contact_id, v.group_id, sum(p.credited::bigint * v.points) AS points
  FROM scoring_pointentry p JOIN scoring_pointactionversion v ON v.id = p.version_id WHERE p.credited <> 0 GROUP BY 1, 2
  UNION ALL
  SELECT contact_id, group_id, sum(points) FROM scoring_adjustment WHERE applied_at IS NOT NULL GROUP BY 1, 2
),
groups AS (SELECT contact_id, group_id, sum(points)::numeric AS points FROM lines GROUP BY 1, 2),
due AS (
  SELECT contact_id, group_id, points FROM groups
  UNION ALL
  SELECT g.contact_id, NULL, sum(g.points * p.weight) FROM groups g JOIN scoring_pointgroup p ON p.id = g.group_id GROUP BY 1
)
SELECT coalesce(d.contact_id, s.contact_id) AS contact_id, coalesce(d.group_id, s.group_id) AS group_id,
       coalesce(d.points, 0)::numeric(14, 2) AS due, coalesce(s.score, 0) AS score
FROM due d FULL JOIN scoring_contactscore s ON s.contact_id = d.contact_id AND coalesce(s.group_id, 0) = coalesce(d.group_id, 0)
WHERE coalesce(d.points, 0)::numeric(14, 2) <> coalesce(s.score, 0) ORDER BY 1, 2
"""


def differences() -> list[dict[str, Any]]:
    """Every score that is not the sum of its lines: none, unless somebody wrote past the engine."""
    return dicts(DIFFERENCES, [])
