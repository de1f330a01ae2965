"""The statements behind explanations: a contact's lines as the ledger has them, and events that matched and did not count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings

from contacts.sql import dicts
from scoring.sql.fragments import BOOK_RULES, LIVE_RULES, NO_PERIOD, barred, growth, local_day, worth

# `occurring`: the hits that the repeat policy lets count, before any cap over several occurrences (fragments.OCCURRING).
LINES = f"""
WITH lines AS (
  SELECT v.group_id, p.version_id, NULL::bigint AS adjustment_id, p.action_id, p.object_id, p.period, p.hits, p.credited, p.cut, v.worth,
    p.first_at, p.last_at, p.expires_on, p.is_expired, {worth("p", "v")} AS points,
    CASE WHEN v.occurrence_cap IS NULL THEN p.hits ELSE greatest(0, least(p.hits, v.occurrence_cap - coalesce(sum(p.hits) OVER (
      PARTITION BY p.action_id, p.object_id, p.period, v.kind IS NULL ORDER BY v.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0)))::int END AS occurring
  FROM scoring_pointentry p JOIN scoring_pointactionversion v ON v.id = p.version_id WHERE p.contact_id = %(contact)s
  UNION ALL
  SELECT a.group_id, NULL, a.id, NULL, 0, {NO_PERIOD}, 1, 1, 0, a.points, a.at, a.at, NULL, false, a.points, 1
  FROM scoring_adjustment a WHERE a.contact_id = %(contact)s AND a.applied_at IS NOT NULL AND NOT {barred("a.contact_id")}
),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY group_id ORDER BY last_at DESC, first_at DESC, action_id, object_id, period, version_id, adjustment_id
  ) AS place
  FROM lines WHERE (%(group)s::bigint IS NULL OR group_id = %(group)s) AND ({{only}})
)
"""
NEWEST = "SELECT * FROM ranked WHERE %(limit)s::bigint IS NULL OR place <= %(limit)s ORDER BY group_id, place"
OLDER = f"""
SELECT r.group_id, count(*) AS count, sum(r.points)::bigint AS points, sum(CASE WHEN g.half_life_days IS NULL THEN r.points
    ELSE r.points * power(2::float8, greatest(-1000, least(1000, ({local_day("r.first_at")} - %(today)s)::float8 / g.half_life_days))) END)::float8 AS value
FROM ranked r JOIN scoring_pointgroup g ON g.id = r.group_id WHERE r.place > %(limit)s GROUP BY 1
"""


def lines(contact_id: int, group_id: int | None = None, limit: int | None = None) -> list[dict[str, Any]]:
    """What the ledger says of a contact, the newest `limit` lines of each group, adjustments among them, newest first."""
    return dicts(LINES.format(only="true") + NEWEST, {"contact": contact_id, "group": group_id, "limit": limit})


def older(contact_id: int, group_id: int | None, limit: int, today: date) -> list[dict[str, Any]]:
    """The lines of each group that `lines` leaves out, summed up: count, points, and what they are worth today."""
    values = {"contact": contact_id, "group": group_id, "limit": limit, "today": today, "zone": settings.TIME_ZONE}
    return dicts(LINES.format(only="true") + OLDER, values)


def lossy(contact_id: int, limit: int) -> list[dict[str, Any]]:
    """The newest lines in which something was not counted: `limit` of each group."""
    statement = LINES.format(only="version_id IS NOT NULL AND (credited < hits OR cut > 0 OR is_expired)") + NEWEST
    return dicts(statement, {"contact": contact_id, "group": None, "limit": limit})


# Events that a version matches by subject and kind. Of an action's versions, the one in force decides, or else the latest.
UNCOUNTED = f"""
WITH rules AS MATERIALIZED ({{rules}}),
recent AS MATERIALIZED (
  SELECT e.id, at, kind, subject_id, verdict, reasons, {barred("e.contact_id", "e.kind")} AS is_barred FROM tracking_event e
  WHERE contact_id = %(contact)s AND at <= %(at)s ORDER BY at DESC LIMIT %(depth)s
),
matched AS (
  SELECT r.*, v.action_id, v.id AS version_id, v.worth,
    CASE WHEN r.at < v.valid_from THEN 'before' WHEN r.at >= v.valid_until THEN 'after' WHEN r.verdict >= 2 THEN 'machine' WHEN r.is_barred THEN 'consent'
      WHEN r.at < v.active_from OR r.at >= v.active_until THEN 'window' END AS reason,
    row_number() OVER (
      PARTITION BY r.id, v.action_id ORDER BY r.at >= v.valid_from AND r.at < v.valid_until DESC, v.number DESC
    ) AS place
  FROM recent r JOIN scoring_match m ON m.subject_id = r.subject_id
  JOIN rules v ON v.id = m.version_id AND v.kind = r.kind AND v.valid_from < v.valid_until
)
SELECT reason, action_id, version_id, worth, subject_id, CASE reason WHEN 'machine' THEN verdict END AS verdict,
  CASE reason WHEN 'machine' THEN reasons END AS reasons, count(*) AS times, min(at) AS first_at, max(at) AS last_at
FROM matched WHERE place = 1 AND reason IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY max(at) DESC, action_id, subject_id LIMIT %(limit)s
"""


def uncounted(
    contact_id: int, at: datetime, depth: int, limit: int, book: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Among the contact's newest `depth` events, those that a rule matches and did not count, by rule, subject and reason.

    Uses the index `event_of_contact`, backwards.
    """
    statement = UNCOUNTED.format(rules=LIVE_RULES if book is None else BOOK_RULES)
    return dicts(statement, {"contact": contact_id, "at": at, "depth": depth, "limit": limit, **(book or {})})


# What of a contact's points goes on which day, and which profile rules hold, for the outlook.
LEAVING = f"""
SELECT v.group_id, p.expires_on AS day, sum(points)::bigint AS points, sum(points * {growth("p.first_at", "v")})::float8 AS forward
FROM scoring_pointentry p JOIN ({LIVE_RULES}) v ON v.id = p.version_id CROSS JOIN LATERAL (SELECT {worth("p", "v")} AS points) line
WHERE p.contact_id = %(contact)s AND p.expires_on <= %(until)s AND NOT p.is_expired AND v.kind IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2
"""


def leaving(contact_id: int, until: date) -> list[dict[str, Any]]:
    """The points that expire by a day, by group and day, with their part of the forward-decayed sum."""
    return dicts(LEAVING, {"contact": contact_id, "until": until, "zone": settings.TIME_ZONE})
