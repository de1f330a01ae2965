"""Statements that sum up a forecast, for every score at once: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from contacts.sql import array, dicts, tuples

SUMS = """
SELECT group_id, count(*) AS changed, count(*) FILTER (WHERE after > before) AS up,
  count(*) FILTER (WHERE after < before) AS down, avg(after - before) AS mean,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY after - before)::numeric AS median,
  least(min(before), min(after)) AS lowest, greatest(max(before), max(after)) AS highest
FROM scoring_forecast WHERE publication_id = %s AND before <> after GROUP BY group_id
"""


def sums(publication_id: int) -> list[dict[str, Any]]:
    """For each score with changes: how many, up and down, by how much, and between which values."""
    return dicts(SUMS, [publication_id])


BINS = """
SELECT f.group_id, floor(v.value / s.step)::bigint AS bin,
  count(*) FILTER (WHERE v.side = 0) AS before, count(*) FILTER (WHERE v.side = 1) AS after
FROM scoring_forecast f
JOIN unnest(%s::bigint[], %s::numeric[]) AS s(group_id, step) ON s.group_id IS NOT DISTINCT FROM f.group_id
CROSS JOIN LATERAL (VALUES (0, f.before), (1, f.after)) AS v(side, value)
WHERE f.publication_id = %s AND f.before <> f.after
GROUP BY f.group_id, 2
"""


def bins(publication_id: int, steps: Mapping[int | None, Decimal]) -> list[tuple[int | None, int, int, int]]:
    """For each score, cut into steps from zero on: (group, number of the step, contacts before, contacts after)."""
    return tuples(BINS, [array(steps), list(steps.values()), publication_id])


MOVERS = """
SELECT s.group_id, m.contact_id, m.before, m.after FROM unnest(%(groups)s::bigint[]) AS s(group_id)
CROSS JOIN LATERAL (
  (SELECT contact_id, before, after FROM scoring_forecast
   WHERE publication_id = %(publication)s AND group_id IS NOT DISTINCT FROM s.group_id AND after > before
   ORDER BY after - before DESC, contact_id LIMIT %(most)s)
  UNION ALL
  (SELECT contact_id, before, after FROM scoring_forecast
   WHERE publication_id = %(publication)s AND group_id IS NOT DISTINCT FROM s.group_id AND after < before
   ORDER BY after - before, contact_id LIMIT %(most)s)
) m ORDER BY abs(m.after - m.before) DESC, m.contact_id
"""


def movers(
    publication_id: int, groups: Sequence[int | None], most: int
) -> list[tuple[int | None, int, Decimal, Decimal]]:
    """Whose scores change most, up and down: (group, contact, before, after), the largest change first."""
    return tuples(MOVERS, {"publication": publication_id, "groups": array(groups), "most": most})
