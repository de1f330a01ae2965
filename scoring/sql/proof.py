"""The statements that compare the scores with the ledger, and make them anew from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from contacts.sql import array, dicts, execute
from scoring.sql.fragments import LIVE_RULES, NO_PERIOD, barred, growth, worth
from scoring.sql.terms import LIVE_TERMS, bounded

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


# A profile line as `hold` writes it, `h` being what its contact and version hold: at its place in the ledger, one hit, credited,
# from when it began to hold.
IN_PLACE = f"(p.action_id, p.object_id, p.period) = (v.action_id, 0, {NO_PERIOD})"
AS_HELD = f"""
{IN_PLACE} AND (p.hits, p.credited, p.cut, p.is_expired) = (1, 1, 0, false) AND p.expires_on IS NULL
AND p.last_at = p.first_at AND p.first_at = coalesce(h.first_at, p.first_at)
"""
PROFILE_LINES = """
FROM scoring_pointentry p JOIN scoring_pointactionversion v ON v.id = p.version_id AND v.kind IS NULL
LEFT JOIN scoring_holding h ON h.contact_id = p.contact_id AND h.version_id = p.version_id AND h.until IS NULL
WHERE p.contact_id = ANY(%(contacts)s::bigint[])
"""
HELD = f"""
SELECT p.contact_id, p.version_id, {AS_HELD} AS is_right, p.hits, p.credited, p.cut, p.first_at, p.last_at, p.expires_on, p.is_expired,
  CASE WHEN {IN_PLACE} THEN 1 END AS due_hits, 1 AS due_credited, 0 AS due_cut, coalesce(h.first_at, p.first_at) AS due_first_at,
  coalesce(h.first_at, p.first_at) AS due_last_at, NULL::date AS due_expires_on, false AS due_is_expired
{PROFILE_LINES} ORDER BY p.contact_id, p.version_id, p.object_id, p.period
"""
UNHELD = f"""
DELETE FROM scoring_pointentry e USING (SELECT p.* {PROFILE_LINES} AND NOT ({AS_HELD})) wrong
WHERE (e.contact_id, e.action_id, e.object_id, e.period, e.version_id)
  = (wrong.contact_id, wrong.action_id, wrong.object_id, wrong.period, wrong.version_id)
"""


def profile_lines(contact_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The profile lines of these contacts: whether each is as `hold` writes it (`is_right`), and what it should be (`due_…`).

    Where there should be no line at its place, `due_hits` is null.
    """
    return dicts(HELD, {"contacts": array(contact_ids)})


def drop_wrong_profile_lines(contact_ids: Sequence[int]) -> int:
    """Delete the profile lines of these contacts that are not as `hold` writes them; how many. It writes them anew."""
    return execute(UNHELD, {"contacts": array(contact_ids)})
