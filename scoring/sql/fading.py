"""The statements about what time alone moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from contacts.sql import dicts, execute
from scoring.sql.terms import LIVE_BOUNDS, LIVE_TERMS, bounded, faded, shown

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
