"""What the rule doctor asks of events and lines: questions that end at the first row that answers them.

The planner takes each rule for an average one, which a look at the first rows of a table would find; one that nothing matches
would then read the table to its end. So these statements go by indexes alone (`_by_index`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from contacts.sql import array, execute, tuples
from scoring.sql.fragments import NO_PERIOD, local_day, worth
from scoring.sql.terms import bounded, shown

# EXISTS stands among the columns: as a condition it would be turned into a join. The first look, at a few of the latest events
# of each subject, finds what matches often; only of the rest all lines are asked.
MATCHED_LATELY = """
SELECT v.id, EXISTS (
  SELECT FROM scoring_match m CROSS JOIN LATERAL (
    SELECT FROM (
      SELECT kind, contact_id, verdict FROM tracking_event e WHERE e.subject_id = m.subject_id AND e.at >= %(since)s LIMIT 200
    ) e WHERE kind = v.kind AND contact_id IS NOT NULL AND verdict < 2 LIMIT 1
  ) event WHERE m.version_id = v.id
)
FROM scoring_pointactionversion v WHERE v.id = ANY(%(versions)s::bigint[])
"""
# The month of a line is its period's, so that months that are over are not opened; lines without a period are in one table.
COUNTED_SINCE = f"""
SELECT v.id, EXISTS (
  SELECT FROM scoring_pointactionversion o JOIN scoring_pointentry e ON e.version_id = o.id
  WHERE o.action_id = v.action_id AND e.last_at >= %(since)s AND (e.period >= %(month)s OR e.period = {NO_PERIOD})
)
FROM scoring_pointactionversion v WHERE v.id = ANY(%(versions)s::bigint[])
"""
MATCHED_BY_PROFILES = """
SELECT v.id, EXISTS (
  SELECT FROM scoring_pointactionversion o JOIN scoring_holding h ON h.version_id = o.id
  WHERE o.action_id = v.action_id AND (h.until IS NULL OR h.until >= %(since)s)
)
FROM scoring_pointactionversion v WHERE v.id = ANY(%(versions)s::bigint[])
"""


def matched_by_events(versions: Sequence[int], since: datetime) -> set[int]:
    """Those of these versions whose rule has counted an event since then."""
    found: set[int] = set()
    for statement in (MATCHED_LATELY, COUNTED_SINCE):
        left = [pk for pk in versions if pk not in found]
        values = {"versions": array(left), "since": since, "month": _month(since)}
        found |= {pk for pk, is_matched in _by_index(statement, values) if is_matched}
    return found


def matched_by_profiles(versions: Sequence[int], since: datetime) -> set[int]:
    """Those of these versions of profile rules whose rule has been true of somebody since then."""
    rows = _by_index(MATCHED_BY_PROFILES, {"versions": array(versions), "since": since})
    return {pk for pk, is_matched in rows if is_matched}


@dataclass(frozen=True)
class Earned:
    """What a version could have credited without any cap, what it was credited, and the points its group cut."""

    possible: int = 0
    credited: int = 0
    cut: int = 0


EARNED = f"""
SELECT v.id, sum(line.possible)::bigint, sum(line.credited)::bigint, sum(line.cut)::bigint
FROM scoring_pointactionversion v CROSS JOIN LATERAL (
  SELECT CASE v.repeat WHEN 'always' THEN e.hits ELSE 1 END AS possible, e.credited, e.cut FROM scoring_pointentry e
  WHERE e.version_id = v.id AND e.first_at >= %(since)s AND (e.period >= %(month)s OR e.period = {NO_PERIOD}) LIMIT %(most)s
) line
WHERE v.id = ANY(%(versions)s::bigint[]) GROUP BY 1
"""


def earned(versions: Sequence[int], since: datetime, most: int) -> dict[int, Earned]:
    """What the lines of these versions since then were credited, by version; of each at most so many are looked at."""
    values = {"versions": array(versions), "since": since, "month": _month(since), "most": most}
    return {pk: Earned(*sums) for pk, *sums in _by_index(EARNED, values)}


_FADES = f"CASE WHEN t.half_life_days IS NULL THEN 1 ELSE power(2::float8, ({local_day('e.first_at')} - %(today)s::date)::float8 / t.half_life_days) END"
_POINTS = f"({worth('e', 'v')})"
_ALIVE = f"NOT e.is_expired AND abs({_POINTS}) * {_FADES} >= 0.005"

_LINES = """FROM scoring_pointactionversion v CROSS JOIN LATERAL (
    SELECT * FROM scoring_pointentry e WHERE e.version_id = v.id LIMIT %(most)s
  ) e"""

# The points of the action that the contact of a line has: looked for only where the score lies beyond the bounds.
_OWN = f"""(
  SELECT coalesce(sum({worth("e", "v")}), 0)::numeric AS points, coalesce(sum(({worth("e", "v")}) * {_FADES}), 0) AS faded
  FROM scoring_pointentry e JOIN scoring_pointactionversion v ON v.id = e.version_id
  WHERE e.contact_id = s.contact_id AND e.action_id = a.id AND v.group_id = t.id AND NOT e.is_expired
)"""
_VALUE = shown("s.score", "s.forward", "%(today)s::date")
_WITHOUT = bounded(
    """(CASE WHEN t.half_life_days IS NULL THEN s.score - own.points
    ELSE round((s.forward * power(2::float8, (t.epoch - %(today)s::date)::float8 / t.half_life_days) - own.faded)::numeric, 2) END)""",
    "t",
)
EFFECTS = f"""
SELECT a.id, EXISTS (
  SELECT {_LINES} WHERE v.action_id = a.id AND {_ALIVE}
), (t.floor IS NULL AND t.ceiling IS NULL) OR EXISTS (
  SELECT {_LINES} JOIN scoring_contactscore s ON s.contact_id = e.contact_id AND s.group_id = v.group_id
  WHERE v.action_id = a.id AND {_ALIVE} AND (
    v.group_id <> t.id -- of the time when it was in another group
    OR ({_VALUE} > t.floor OR t.floor IS NULL) AND ({_VALUE} < t.ceiling OR t.ceiling IS NULL)
    OR {_VALUE} <> (SELECT {_WITHOUT} FROM {_OWN} own)
  )
)
FROM scoring_pointaction a JOIN scoring_pointgroup t ON t.id = a.group_id WHERE a.id = ANY(%(actions)s::bigint[])
"""


MORE = """
SELECT v.action_id FROM scoring_pointactionversion v
WHERE v.action_id = ANY(%(actions)s::bigint[])
  AND (SELECT count(*) FROM (SELECT FROM scoring_pointentry e WHERE e.version_id = v.id LIMIT %(most)s + 1) line) > %(most)s
"""


def effects(actions: Sequence[int], today: date, most: int) -> dict[int, bool]:
    """Those of these actions that have lines worth anything today, and whether anybody's group shows another value for it.

    At most so many lines of a version are looked at. A rule that has more, none of which matters, counts as one that matters.
    """
    values: dict[str, Any] = {"actions": array(actions), "today": today, "zone": settings.TIME_ZONE, "most": most}
    rows = _by_index(EFFECTS, values)
    idle = [pk for pk, is_alive, changes in rows if not (is_alive and changes)]
    more = {pk for (pk,) in _by_index(MORE, {"actions": array(idle), "most": most})}
    return {pk: changes or pk in more for pk, is_alive, changes in rows if is_alive or pk in more}


def _month(since: datetime) -> date:
    """No period in which anything happened since then begins before this day."""
    return since.date() - timedelta(days=31)


PLANS = """
SELECT set_config(name, %s, true)
FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin']) name
"""


def _by_index(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with transaction.atomic():
        execute(PLANS, ["off"])
        rows = tuples(statement, values)
        execute(PLANS, ["on"])
    return rows
