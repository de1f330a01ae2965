"""What the statements that write lines of the ledger share: writing them, and what they were worth before and after."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings

from contacts.sql import tuples
from scoring.sql.fragments import Shape, growth, worth

KEY = "contact_id, action_id, object_id, period, version_id"
SHAPE = """
SELECT EXISTS (SELECT FROM scoring_pointactionversion WHERE is_wide),
  EXISTS (SELECT FROM scoring_pointgroup WHERE cap_points IS NOT NULL),
  EXISTS (SELECT FROM scoring_pointactionversion WHERE valid_from < valid_until GROUP BY action_id HAVING count(*) > 1)
"""


def shape() -> Shape:
    """Which kinds of caps the rules in force have, and whether actions have several versions."""
    ((wide, cuts, several),) = tuples(SHAPE, [])
    return Shape(wide, cuts, several)


WRITE = f"""
INSERT INTO scoring_pointentry AS entry ({KEY}, hits, credited, cut, first_at, last_at, expires_on, is_expired)
SELECT {KEY}, hits, credited, cut, first_at, last_at, expires_on, is_expired FROM changed ORDER BY {KEY}
ON CONFLICT ({KEY}) DO UPDATE
SET hits = excluded.hits, credited = excluded.credited, cut = excluded.cut, first_at = excluded.first_at, last_at = excluded.last_at,
    expires_on = excluded.expires_on, is_expired = excluded.is_expired
"""

# What changed lines were worth and are worth now: columns of the new state, and the old one as was_*.
MOVED = f"""(
  SELECT contact_id, group_id, now_points - was_points AS points,
         CASE WHEN first_at IS NULL THEN 0 ELSE now_points * {growth("first_at", "c")} END - CASE WHEN was_first_at IS NULL THEN 0 ELSE was_points * {growth("was_first_at", "c")} END AS forward
  FROM (
    SELECT c.*, {worth("c", "c")} AS now_points, CASE WHEN was_expired THEN 0 ELSE was_credited::bigint * worth - was_cut END AS was_points
    FROM {{lines}} c
  ) c
)"""


def take_memory(size: str = "128MB") -> None:
    """Let the statements of this transaction sort and hash a range of contacts in memory, which is what bounds it."""
    tuples("SELECT set_config('work_mem', %s, true)", [size])


def when(today: date) -> dict[str, Any]:
    return {"zone": settings.TIME_ZONE, "today": today}
