"""Scores without writing one: the lines and sums of any rulebook at any instant, and what publishing a draft would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from django.conf import settings

from contacts.sql import array, dicts, execute
from scoring.decay import day_of
from scoring.sql.fragments import BOOK_RULES, COUNTED, LIVE_RULES, Shape, barred, chain, growth, worth
from scoring.sql.terms import BOOK_BOUNDS, BOOK_TERMS, LIVE_BOUNDS, LIVE_TERMS, bounded, shown

# Lines that profile rules hold are given by the caller: who matched at the instant asked about.
HELD = f"""
SELECT h.contact_id, v.action_id, h.version_id, 0::bigint AS object_id, DATE '0001-01-01' AS period, 1 AS hits, h.since AS first_at,
  h.since AS last_at, v.number, v.group_id, v.worth, v.is_wide, v.expires_after_days, v.group_cap, v.group_period, v.half_life_days, v.epoch,
  1 AS credited, 0 AS cut, NULL::date AS expires_on, false AS is_expired
FROM jsonb_to_recordset(%(held)s::jsonb) AS h(contact_id bigint, version_id bigint, since timestamptz) JOIN rules v ON v.id = h.version_id
WHERE NOT {barred("h.contact_id")}
"""

EVALUATED = """
rules AS MATERIALIZED ({rules}),
counted AS MATERIALIZED ({counted}),
{chain},
lines AS MATERIALIZED (SELECT * FROM capped UNION ALL {held})
"""

LINES = "WITH {evaluated} SELECT lines.*, {worth} AS points FROM lines ORDER BY contact_id, last_at DESC, action_id, object_id, period, number"


def evaluated_lines(
    book: Mapping[str, Any], shape: Shape, contact_ids: Sequence[int], at: datetime, held: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every line of these contacts by this rulebook at this instant, as the ledger would have it; writes nothing."""
    statement = LINES.format(evaluated=_evaluated(shape), worth=worth("lines", "lines"))
    return dicts(statement, _values(book, contact_ids, at, held))


SCORES = """
WITH {evaluated}, terms AS MATERIALIZED ({terms}), bounds AS MATERIALIZED ({bounds}),
sums AS (
  SELECT contact_id, group_id, sum(points) AS score, sum(forward) AS forward FROM (
    SELECT contact_id, group_id, points, points * {growth} AS forward FROM lines CROSS JOIN LATERAL (SELECT {worth} AS points) line
    UNION ALL
    SELECT a.contact_id, a.group_id, a.points, a.points * {adjusted}
    FROM scoring_adjustment a JOIN (SELECT id, half_life_days, epoch FROM terms) g ON g.id = a.group_id
    WHERE a.contact_id = ANY(%(contacts)s::bigint[]) AND a.at <= %(at)s AND NOT {off}
  ) both_kinds GROUP BY 1, 2
),
shown AS MATERIALIZED (SELECT s.contact_id, s.group_id, t.weight, {shown} AS value FROM sums s JOIN terms t ON t.id = s.group_id),
overall AS (SELECT contact_id, round(sum(weight * value), 2) AS value FROM shown GROUP BY 1)
SELECT contact_id, group_id, value FROM shown
UNION ALL SELECT contact_id, NULL, {bounded} FROM overall CROSS JOIN bounds
"""


def evaluated_scores(
    book: Mapping[str, Any], shape: Shape, contact_ids: Sequence[int], at: datetime, held: Sequence[Mapping[str, Any]]
) -> dict[tuple[int, int | None], Any]:
    """The scores of these contacts by this rulebook at this instant, {(contact, group or None): value}; 0 is left out or 0."""
    statement = SCORES.format(
        evaluated=_evaluated(shape),
        terms=BOOK_TERMS,
        bounds=BOOK_BOUNDS,
        growth=growth("first_at", "lines"),
        worth=worth("lines", "lines"),
        adjusted=growth("a.at", "g"),
        off=barred("a.contact_id"),
        shown=shown("s.score", "s.forward", "%(today)s::date"),
        bounded=bounded("overall.value", "bounds"),
    )
    return {
        (row["contact_id"], row["group_id"]): row["value"]
        for row in dicts(statement, _values(book, contact_ids, at, held))
    }


# The draft's rules are evaluated for the actions that change; the rest of a score is as it is stored. Where the terms of a
# group change its sums are made anew (`fresh`): then all its actions are among those that change.
FORECAST = """
WITH {evaluated},
live AS MATERIALIZED ({live}),
old_terms AS MATERIALIZED ({old_terms}), new_terms AS MATERIALIZED ({new_terms}),
old_bounds AS MATERIALIZED ({old_bounds}), new_bounds AS MATERIALIZED ({new_bounds}),
change AS (
  SELECT contact_id, group_id, points, points * {after_growth} AS forward FROM lines CROSS JOIN LATERAL (SELECT {after_worth} AS points) line
  UNION ALL
  SELECT p.contact_id, v.group_id, -points, -points * {before_growth}
  FROM scoring_pointentry p JOIN live v ON v.id = p.version_id CROSS JOIN LATERAL (SELECT {before_worth} AS points) line
  WHERE p.contact_id = ANY(%(contacts)s::bigint[]) AND v.action_id = ANY(%(actions)s) AND NOT v.group_id = ANY(%(fresh)s::bigint[])
  UNION ALL
  SELECT a.contact_id, a.group_id, a.points, a.points * {adjusted}
  FROM scoring_adjustment a JOIN new_terms g ON g.id = a.group_id
  WHERE a.contact_id = ANY(%(contacts)s::bigint[]) AND a.applied_at IS NOT NULL AND a.group_id = ANY(%(fresh)s::bigint[]) AND NOT {off}
),
cells AS (
  SELECT contact_id, group_id, sum(old_score) AS old_score, sum(old_forward) AS old_forward, sum(score) AS score, sum(forward) AS forward
  FROM (
    SELECT contact_id, group_id, 0 AS old_score, 0 AS old_forward, points AS score, forward FROM change
    UNION ALL
    SELECT contact_id, group_id, score, forward, CASE WHEN group_id = ANY(%(fresh)s::bigint[]) THEN 0 ELSE score END,
      CASE WHEN group_id = ANY(%(fresh)s::bigint[]) THEN 0 ELSE forward END
    FROM scoring_contactscore WHERE contact_id = ANY(%(contacts)s::bigint[]) AND group_id IS NOT NULL
  ) parts GROUP BY 1, 2
),
seen AS MATERIALIZED (
  SELECT c.contact_id, c.group_id, o.weight AS old_weight, n.weight AS weight, {old_shown} AS before, {new_shown} AS after
  FROM cells c JOIN old_terms o ON o.id = c.group_id JOIN new_terms n ON n.id = c.group_id
),
overall AS (
  SELECT contact_id, round(sum(old_weight * before), 2) AS before, round(sum(weight * after), 2) AS after FROM seen GROUP BY 1
),
movement AS (
  SELECT contact_id, group_id, before, after FROM seen
  UNION ALL
  SELECT contact_id, NULL, {old_bounded}, {new_bounded} FROM overall CROSS JOIN old_bounds CROSS JOIN new_bounds
)
INSERT INTO scoring_forecast (publication_id, contact_id, group_id, before, after)
SELECT %(publication)s, contact_id, group_id, before, after FROM movement WHERE before <> after ORDER BY contact_id, group_id
ON CONFLICT (publication_id, contact_id, group_id) DO UPDATE SET before = excluded.before, after = excluded.after
"""


def forecast(
    publication_id: int,
    book: Mapping[str, Any],
    shape: Shape,
    contact_ids: Sequence[int],
    at: datetime,
    held: Sequence[Mapping[str, Any]],
    *,
    action_ids: Sequence[int],
    fresh_groups: Sequence[int],
) -> int:
    """Keep what these contacts' scores would show under this rulebook where that is not what they show now; how many."""
    statement = FORECAST.format(
        evaluated=_evaluated(shape),
        live=LIVE_RULES,
        old_terms=LIVE_TERMS,
        new_terms=BOOK_TERMS,
        old_bounds=LIVE_BOUNDS,
        new_bounds=BOOK_BOUNDS,
        after_growth=growth("first_at", "lines"),
        after_worth=worth("lines", "lines"),
        before_growth=growth("p.first_at", "v"),
        before_worth=worth("p", "v"),
        adjusted=growth("a.at", "g"),
        off=barred("a.contact_id"),
        old_shown=shown("c.old_score", "c.old_forward", "%(today)s::date", "o"),
        new_shown=shown("c.score", "c.forward", "%(today)s::date", "n"),
        old_bounded=bounded("overall.before", "old_bounds"),
        new_bounded=bounded("overall.after", "new_bounds"),
    )
    values = _values(book, contact_ids, at, held)
    values |= {"publication": publication_id, "actions": list(action_ids), "fresh": list(fresh_groups)}
    return execute(statement, values)


def _evaluated(shape: Shape) -> str:
    return EVALUATED.format(
        rules=BOOK_RULES,
        counted=COUNTED.format(events="e.contact_id = ANY(%(contacts)s::bigint[]) AND e.at <= %(at)s", matches=""),
        chain=chain("counted", shape),
        held=HELD,
    )


def _values(
    book: Mapping[str, Any], contact_ids: Sequence[int], at: datetime, held: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    today: date = day_of(at)
    return {
        **book,
        "contacts": array(contact_ids),
        "at": at,
        "today": today,
        "zone": settings.TIME_ZONE,
        "held": orjson.dumps(held, default=str).decode(),
    }
