"""What the statements that write lines of the ledger share: writing them, and what they were worth before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


LINE = f"{KEY}, hits, credited, cut, first_at, last_at, expires_on, is_expired"

# New lines, for whoever knows that they are: to make sure of it takes as long as to write them.
ADD = f"INSERT INTO scoring_pointentry ({LINE}) SELECT {LINE} FROM {{lines}} ORDER BY {KEY}"

WRITE = f"""
INSERT INTO scoring_pointentry AS entry ({LINE}) SELECT {LINE} FROM changed ORDER BY {KEY}
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


@contextmanager
def in_ranges(size: str = "128MB") -> Iterator[None]:
    """Statements about a range of contacts: sorted and hashed in memory, which the range bounds.

    How many lines events come to is beyond the planner, which expects a twentieth of them: then a hash that grows with each
    group costs more than sorting, and sorting for a merge more than hashing what is stored. (Half of the time, together.)
    """
    tuples("SELECT set_config('work_mem', %s, true), " + SWITCH, [size, "off", "off"])
    yield
    tuples("SELECT " + SWITCH, ["on", "on"])


SWITCH = "set_config('enable_hashagg', %s, true), set_config('enable_mergejoin', %s, true)"


def when(today: date) -> dict[str, Any]:
    return {"zone": settings.TIME_ZONE, "today": today}
