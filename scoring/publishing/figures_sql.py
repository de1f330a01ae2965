"""Statements that sum up a forecast, for every score at once: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contacts.sql import dicts, tuples

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
    return tuples(BINS, [list(steps), list(steps.values()), publication_id])


MOVERS = """
SELECT group_id, contact_id, before, after FROM (
  SELECT *, row_number() OVER (PARTITION BY group_id ORDER BY after - before DESC, contact_id) AS from_top,
    row_number() OVER (PARTITION BY group_id ORDER BY after - before, contact_id) AS from_bottom
  FROM scoring_forecast WHERE publication_id = %s AND before <> after
) ranked
WHERE (after > before AND from_top <= %s) OR (after < before AND from_bottom <= %s)
ORDER BY abs(after - before) DESC, contact_id
"""


def movers(publication_id: int, most: int) -> list[tuple[int | None, int, Decimal, Decimal]]:
    """Whose scores change most, up and down: (group, contact, before, after), the largest change first."""
    return tuples(MOVERS, [publication_id, most, most])
