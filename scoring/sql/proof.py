"""The statements that compare the scores with the ledger, and make them anew from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from contacts.sql import array, dicts, execute
from scoring.sql.fragments import LIVE_RULES, barred, growth, worth
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
