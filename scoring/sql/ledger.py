"""The statements that write the ledger: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from django.conf import settings

from contacts.sql import array, dicts, tuples
from scoring.sql.fragments import (
    COUNTED,
    DELTAS,
    LIVE_RULES,
    NO_PERIOD,
    OCCURRING,
    Shape,
    barred,
    chain,
    growth,
    local_day,
)
from scoring.sql.lines import ADD, MOVED, WRITE, when

# A line of a wide action keeps its credit here; `recap` gives it what its action's other lines leave. A period begins within a
# month before its events: to say so keeps each look for a line from passing by every month there is.
AWARD = f"""
WITH rules AS MATERIALIZED ({LIVE_RULES}),
counted AS MATERIALIZED ({COUNTED.format(events="e.id = ANY(%(events)s::bigint[]) AND e.at BETWEEN %(first)s AND %(last)s", matches="")}),
touched AS (SELECT DISTINCT contact_id, action_id, object_id, period FROM counted),
prior AS MATERIALIZED (
  SELECT entry.* FROM touched t CROSS JOIN LATERAL (
    SELECT * FROM scoring_pointentry p
    WHERE p.contact_id = t.contact_id AND p.action_id = t.action_id AND p.object_id = t.object_id AND p.period = t.period
      AND (p.period = {NO_PERIOD} OR p.period BETWEEN {local_day("%(first)s::timestamptz")} - 31 AND {local_day("%(last)s::timestamptz")}) OFFSET 0
  ) entry
),
lines AS (
  SELECT contact_id, action_id, version_id, object_id, period, sum(hits)::int AS hits, min(first_at) AS first_at, max(last_at) AS last_at,
         sum(was_credited)::int AS was_credited, sum(was_cut)::int AS was_cut, bool_or(was_expired) AS was_expired,
         min(was_first_at) AS was_first_at, bool_or(fresh) AS fresh
  FROM (
    SELECT contact_id, action_id, version_id, object_id, period, hits, first_at, last_at,
           0 AS was_credited, 0 AS was_cut, false AS was_expired, NULL::timestamptz AS was_first_at, true AS fresh FROM counted
    UNION ALL
    SELECT p.contact_id, p.action_id, p.version_id, p.object_id, p.period, p.hits, p.first_at, p.last_at,
           p.credited, p.cut, p.is_expired, p.first_at, false
    FROM prior p JOIN rules v ON v.id = p.version_id AND v.kind IS NOT NULL -- a profile line takes no credit
  ) both_kinds GROUP BY 1, 2, 3, 4, 5
),
occurring AS MATERIALIZED ({OCCURRING.format(lines="lines")}),
different AS MATERIALIZED (
  SELECT o.*, was_first_at IS NULL AS is_new, CASE WHEN is_wide THEN was_credited ELSE occurring END AS credited, was_cut AS cut,
         {local_day("first_at")} + expires_after_days AS expires_on,
         coalesce({local_day("first_at")} + expires_after_days <= %(today)s, false) AS is_expired
  FROM occurring o WHERE fresh OR (NOT is_wide AND occurring <> was_credited)
),
changed AS (SELECT * FROM different WHERE NOT is_new),
written AS ({WRITE}),
added AS ({ADD.format(lines="different WHERE is_new")})
{DELTAS.format(moved=MOVED.format(lines="different"))}
"""


SPAN = "SELECT min(at), max(at) FROM tracking_event WHERE id = ANY(%s::bigint[])"


def span(event_ids: Sequence[int]) -> tuple[Any, Any]:
    """The first and last moment of these events: looks into every month."""
    ((first, last),) = tuples(SPAN, [array(event_ids)])
    return first, last


def award(event_ids: Sequence[int], today: date, span: tuple[Any, Any]) -> list[dict[str, Any]]:
    """Count these events into the ledger, each exactly once; {contact_id, group_id, points, forward} for what moved.

    `span`: between which moments they happened, so that only those months are read. The caller holds the contacts' score
    rows. Uses the primary keys of events and entries.
    """
    values = {"events": array(event_ids), "first": span[0], "last": span[1]}
    return dicts(AWARD, values | when(today))


CONTACTS_OF = """
SELECT DISTINCT contact_id FROM tracking_event
WHERE id = ANY(%(events)s::bigint[]) AND at BETWEEN %(first)s AND %(last)s AND contact_id IS NOT NULL ORDER BY 1
"""


def contacts_of(event_ids: Sequence[int], span: tuple[Any, Any]) -> list[int]:
    """Whose these events are, which happened between two moments."""
    return [pk for (pk,) in tuples(CONTACTS_OF, {"events": array(event_ids), "first": span[0], "last": span[1]})]


# What is capped are lines that are stored: each has its other half. But of the planner, which expects one of each where it
# knows little, an inner join compares each with all; a full one it can only hash or merge.
RECAP = """
WITH rules AS MATERIALIZED ({rules}),
stored AS MATERIALIZED (
  SELECT p.* FROM scoring_pointentry p JOIN rules v ON v.id = p.version_id
  WHERE p.contact_id = ANY(%(contacts)s::bigint[]) {some} AND v.kind IS NOT NULL AND (v.is_wide OR v.group_cap IS NOT NULL OR p.cut <> 0)
),
stored_lines AS (
  SELECT contact_id, action_id, version_id, object_id, period, hits, first_at, last_at, credited AS stored_credited FROM stored
),
{chain},
changed AS MATERIALIZED (
  SELECT c.*, p.credited AS was_credited, p.cut AS was_cut, p.is_expired AS was_expired, p.first_at AS was_first_at
  FROM capped c FULL JOIN stored p USING (contact_id, action_id, version_id, object_id, period)
  WHERE coalesce(c.hits, 0) > 0 AND coalesce(p.hits, 0) > 0 AND (c.credited, c.cut) IS DISTINCT FROM (p.credited, p.cut)
),
written AS ({write})
{deltas}
"""


CAPPED_TOGETHER = """
AND p.action_id = ANY(%(actions)s::bigint[] || ARRAY(SELECT action_id FROM rules WHERE is_wide OR group_cap IS NOT NULL))
"""


def recap(
    contact_ids: Sequence[int], today: date, shape: Shape, actions: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """Share out the caps that reach over several lines among these contacts' lines, the earliest first; what moved.

    `actions`, if given, are the only ones that may keep a cut of a cap that is no more: no others are looked at than these
    and those with caps.
    """
    statement = RECAP.format(
        rules=LIVE_RULES,
        some="" if actions is None else CAPPED_TOGETHER,
        chain=chain("stored_lines", shape),
        write=WRITE,
        deltas=DELTAS.format(moved=MOVED.format(lines="changed")),
    )
    return dicts(statement, {"contacts": array(contact_ids), "actions": array(actions or ())} | when(today))


# A line that comes goes on where one of the same action left off: its own, if only the line was lost; that of the version it
# takes the place of; or its own from before its version was superseded, if no other held in between.
SINCE_BEFORE = """
(SELECT h.first_at FROM scoring_holding h WHERE h.contact_id = w.contact_id AND h.version_id = w.version_id AND h.until IS NULL),
(SELECT min(g.first_at) FROM went g WHERE g.contact_id = w.contact_id AND g.action_id = v.action_id),
(SELECT CASE WHEN l.version_id = w.version_id AND EXISTS (
    SELECT FROM scoring_validity y WHERE y.version_id = l.version_id AND y.known_until > l.since AND y.known_until <= l.until
  ) THEN l.first_at END
  FROM (
    SELECT h.* FROM scoring_holding h JOIN scoring_pointactionversion s ON s.id = h.version_id
    WHERE h.contact_id = w.contact_id AND s.action_id = v.action_id AND h.until IS NOT NULL ORDER BY h.until DESC, h.id DESC LIMIT 1
  ) l)"""

HOLD = f"""
WITH rules AS MATERIALIZED ({LIVE_RULES}),
wanted AS (
  SELECT contact_id, version_id FROM jsonb_to_recordset(%(wanted)s::jsonb) AS w(contact_id bigint, version_id bigint)
),
present AS MATERIALIZED (
  SELECT p.*, v.group_id, v.worth, v.half_life_days, v.epoch FROM scoring_pointentry p JOIN rules v ON v.id = p.version_id
  WHERE p.contact_id = ANY(%(contacts)s::bigint[]) AND p.period = {NO_PERIOD} AND v.kind IS NULL
),
went AS MATERIALIZED (
  SELECT p.* FROM present p WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE w.contact_id = p.contact_id AND w.version_id = p.version_id)
),
came AS MATERIALIZED (
  SELECT w.contact_id, v.action_id, w.version_id, v.group_id, v.worth, v.half_life_days, v.epoch,
    coalesce({SINCE_BEFORE}, %(at)s::timestamptz) AS first_at
  FROM wanted w JOIN rules v ON v.id = w.version_id
  WHERE NOT EXISTS (SELECT 1 FROM present p WHERE p.contact_id = w.contact_id AND p.version_id = w.version_id)
),
written AS (
  INSERT INTO scoring_pointentry (contact_id, action_id, version_id, hits, credited, first_at, last_at)
  SELECT contact_id, action_id, version_id, 1, 1, first_at, first_at FROM came ORDER BY contact_id, action_id, version_id
),
deleted AS (
  DELETE FROM scoring_pointentry p USING went w
  WHERE p.contact_id = w.contact_id AND p.action_id = w.action_id AND p.object_id = 0 AND p.period = w.period AND p.version_id = w.version_id
),
begun AS (
  INSERT INTO scoring_holding (contact_id, version_id, since, first_at) SELECT contact_id, version_id, %(at)s, first_at FROM came ON CONFLICT DO NOTHING
),
ended AS (
  UPDATE scoring_holding h SET until = %(at)s FROM went w WHERE h.contact_id = w.contact_id AND h.version_id = w.version_id AND h.until IS NULL
)
{
    DELTAS.format(
        moved=f'''(
  SELECT contact_id, group_id, worth AS points, worth * {growth("first_at", "c")} AS forward FROM came c
  UNION ALL SELECT contact_id, group_id, -worth, -worth * {growth("first_at", "w")} FROM went w
)'''
    )
}
"""


def hold(wanted: Sequence[Mapping[str, int]], contact_ids: Sequence[int], at: Any) -> list[dict[str, Any]]:
    """Make the profile lines of these contacts exactly those of `wanted` ({contact_id, version_id}); what moved."""
    values = {"wanted": orjson.dumps(wanted).decode(), "contacts": array(contact_ids), "at": at}
    return dicts(HOLD, values | {"zone": settings.TIME_ZONE})


APPLY_ADJUSTMENTS = f"""
WITH applied AS (
  UPDATE scoring_adjustment SET applied_at = now() WHERE id = ANY(%(ids)s::bigint[]) AND applied_at IS NULL
    AND NOT EXISTS (SELECT FROM contacts_contact c WHERE c.id = scoring_adjustment.contact_id AND c.merged_into_id IS NOT NULL)
  RETURNING contact_id, group_id, points, at
)
{
    DELTAS.format(
        moved=f'''(
  SELECT a.contact_id, a.group_id, a.points, a.points * {growth("a.at", "g")} AS forward
  FROM applied a JOIN scoring_pointgroup g ON g.id = a.group_id WHERE NOT {barred("a.contact_id")}
)'''
    )
}
"""


def apply_adjustments(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Mark adjustments as added to the score; what moved. Repeating moves nothing."""
    return dicts(APPLY_ADJUSTMENTS, {"ids": array(ids), "zone": settings.TIME_ZONE})


# What came to a contact who has been merged away meanwhile is for whom they became.
TAKE_ADJUSTMENTS = """
WITH held AS (
  SELECT id, contact_id FROM scoring_adjustment WHERE id = ANY(%s::bigint[]) AND applied_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
)
, followed AS (
  UPDATE scoring_adjustment a SET contact_id = c.merged_into_id FROM held h JOIN contacts_contact c ON c.id = h.contact_id
  WHERE a.id = h.id AND c.merged_into_id IS NOT NULL RETURNING a.id, a.contact_id
)
SELECT h.id, coalesce(f.contact_id, h.contact_id) AS contact_id FROM held h LEFT JOIN followed f ON f.id = h.id ORDER BY h.id
"""


def take_adjustments(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of these adjustments that are not yet in the scores, locked for this transaction."""
    return dicts(TAKE_ADJUSTMENTS, [array(ids)])


EXPIRING = """
SELECT DISTINCT contact_id FROM scoring_pointentry
WHERE expires_on <= %(today)s AND NOT is_expired AND NOT contact_id = ANY(%(without)s::bigint[]) ORDER BY contact_id LIMIT %(limit)s
"""


def expiring(today: date, limit: int, without: Sequence[int] = ()) -> list[int]:
    """Contacts with lines whose points expire by this day and still count (index `entry_expiring`); `without` these."""
    return [pk for (pk,) in tuples(EXPIRING, {"today": today, "limit": limit, "without": array(without)})]


EXPIRE = f"""
WITH rules AS MATERIALIZED ({LIVE_RULES}),
due AS (
  UPDATE scoring_pointentry SET is_expired = true WHERE contact_id = ANY(%(contacts)s::bigint[]) AND expires_on <= %(today)s AND NOT is_expired
  RETURNING contact_id, version_id, credited, cut, first_at
)
{
    DELTAS.format(
        moved=f'''(
  SELECT d.contact_id, v.group_id, -points AS points, -points * {growth("d.first_at", "v")} AS forward
  FROM due d JOIN rules v ON v.id = d.version_id CROSS JOIN LATERAL (SELECT d.credited::bigint * v.worth - d.cut AS points) change
)'''
    )
}
"""


def expire(contact_ids: Sequence[int], today: date) -> list[dict[str, Any]]:
    """Take the points of what has expired by this day from these contacts; what moved. Repeating moves nothing."""
    return dicts(EXPIRE, {"contacts": array(contact_ids)} | when(today))
