"""The statements that make lines anew from the events, and those that compare: replay, repricing, proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import orjson

from contacts.sql import array, dicts, tuples
from scoring.sql.fragments import COUNTED, DELTAS, LIVE_RULES, Shape, among, chain, growth, these
from scoring.sql.lines import ADD, MOVED, WRITE, in_ranges, when

# One pass over what should be and what is: only where they differ is anything kept.
REPLAY = """
WITH rules AS MATERIALIZED ({rules}),
counted AS ({counted}),
{chain},
present AS (
  SELECT p.*, v.group_id, v.worth, v.half_life_days, v.epoch
  FROM (SELECT * FROM scoring_pointentry p WHERE {lines} {lines_of} OFFSET 0) p JOIN rules v ON v.id = p.version_id WHERE v.kind IS NOT NULL
),
different AS MATERIALIZED (
  SELECT contact_id, action_id, version_id, object_id, period, c.hits, coalesce(c.credited, 0) AS credited,
         CASE WHEN c.hits IS NULL THEN 0 ELSE {cut} END AS cut, c.first_at, c.last_at, c.expires_on, coalesce(c.is_expired, false) AS is_expired,
         coalesce(c.group_id, p.group_id) AS group_id, coalesce(c.worth, p.worth) AS worth,
         CASE WHEN c.hits IS NULL THEN p.half_life_days ELSE c.half_life_days END AS half_life_days, coalesce(c.epoch, p.epoch) AS epoch,
         p.contact_id IS NULL AS is_new, coalesce(p.credited, 0) AS was_credited, coalesce(p.cut, 0) AS was_cut, coalesce(p.is_expired, false) AS was_expired, p.first_at AS was_first_at
  FROM capped c FULL JOIN present p USING (contact_id, action_id, version_id, object_id, period)
  WHERE (c.hits, c.credited, {cut}, c.first_at, c.last_at, c.expires_on, c.is_expired)
    IS DISTINCT FROM (p.hits, p.credited, p.cut, p.first_at, p.last_at, p.expires_on, p.is_expired)
),
changed AS (SELECT * FROM different WHERE hits IS NOT NULL AND NOT is_new),
written AS ({write}),
added AS ({add}),
deleted AS (
  DELETE FROM scoring_pointentry p USING different g WHERE g.hits IS NULL
    AND (p.contact_id, p.action_id, p.object_id, p.period, p.version_id) = (g.contact_id, g.action_id, g.object_id, g.period, g.version_id)
)
{deltas}
"""


def replay(
    contact_ids: Sequence[int],
    today: date,
    shape: Shape,
    actions: Sequence[int] | None = None,
    without: Sequence[int] = (),
) -> list[dict[str, Any]]:
    """Rebuild the event lines of these contacts (of these actions only, if given) from their events; what moved.

    Events in `without` are not counted. Writes differences only. Where a group has a cap, and only some actions are given,
    what it cuts is left as it is: `recap` sees to it.
    """
    is_whole = actions is None or not shape.cuts
    others = " AND NOT e.id = ANY(%(without)s::bigint[])" if without else ""
    some = actions is not None
    versions, kinds = _counting(actions) if actions is not None else ([], [])
    # Said of events, matches and lines. Not of rules, and not so that the planner looks up what it knows of a version: of one
    # that was just made it knows nothing, expects a match or two, and would read all of the events for each.
    statement = REPLAY.format(
        rules=LIVE_RULES,
        lines=among("p.contact_id", contact_ids),
        lines_of="AND p.action_id = ANY(%(actions)s)" if some else "",
        counted=COUNTED.format(
            events=among("e.contact_id", contact_ids)
            + (" AND e.kind = ANY(%(kinds)s::bigint[])" if some else "")
            + others,
            matches="AND m.version_id + 0 = ANY(%(versions)s::bigint[])" if some else "",
        ),
        chain=chain("counted", shape if is_whole else replace(shape, cuts=False)),
        cut="c.cut" if is_whole else "coalesce(p.cut, 0)",
        write=WRITE,
        add=ADD.format(lines="different WHERE is_new"),
        deltas=DELTAS.format(moved=MOVED.format(lines="different")),
    )
    values = {
        "actions": list(actions or ()),
        "versions": array(versions),
        "kinds": array(kinds),
        "without": array(without),
    }
    with in_ranges():
        return dicts(statement, these(contact_ids) | values | when(today))


COUNTING = """
SELECT id, kind FROM scoring_pointactionversion WHERE action_id = ANY(%s) AND kind IS NOT NULL AND valid_from < valid_until
"""


def _counting(actions: Sequence[int]) -> tuple[list[int], list[int]]:
    """The versions of these actions that count events at any time, and which kinds they count."""
    rows = tuples(COUNTING, [list(actions)])
    return [version for version, _kind in rows], sorted({kind for _version, kind in rows})


UNFAITHFUL = """
WITH rules AS MATERIALIZED ({rules}),
counted AS MATERIALIZED ({counted}),
{chain},
present AS MATERIALIZED (
  SELECT p.* FROM scoring_pointentry p JOIN rules v ON v.id = p.version_id WHERE {lines} AND v.kind IS NOT NULL
)
SELECT contact_id, action_id, version_id, object_id, period,
  c.hits AS due_hits, c.credited AS due_credited, c.cut AS due_cut, c.first_at AS due_first_at, c.last_at AS due_last_at,
  c.expires_on AS due_expires_on, c.is_expired AS due_is_expired,
  p.hits, p.credited, p.cut, p.first_at, p.last_at, p.expires_on, p.is_expired
FROM capped c FULL JOIN present p USING (contact_id, action_id, version_id, object_id, period)
WHERE (c.hits, c.credited, c.cut, c.first_at, c.last_at, c.expires_on, c.is_expired)
  IS DISTINCT FROM (p.hits, p.credited, p.cut, p.first_at, p.last_at, p.expires_on, p.is_expired)
ORDER BY contact_id, action_id, version_id, object_id, period
"""


def unfaithful(contact_ids: Sequence[int], today: date, shape: Shape) -> list[dict[str, Any]]:
    """Event lines of these contacts that are not what a replay would write, or are missing (then `hits` is null)."""
    statement = UNFAITHFUL.format(
        rules=LIVE_RULES,
        lines=among("p.contact_id", contact_ids),
        counted=COUNTED.format(events=among("e.contact_id", contact_ids), matches=""),
        chain=chain("counted", shape),
    )
    return dicts(statement, these(contact_ids) | when(today))


REPRICE = f"""
WITH was AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%(was)s::jsonb) AS w(version_id bigint, worth int)),
rules AS MATERIALIZED ({LIVE_RULES})
{
    DELTAS.format(
        moved=f'''(
  SELECT p.contact_id, v.group_id, points, points * {growth("p.first_at", "v")} AS forward
  FROM (
    SELECT * FROM scoring_pointentry p
    WHERE {{lines}} AND p.version_id = ANY(%(versions)s::bigint[]) AND p.credited <> 0 AND NOT p.is_expired OFFSET 0
  ) p JOIN was w USING (version_id) JOIN rules v ON v.id = w.version_id
  CROSS JOIN LATERAL (SELECT p.credited::bigint * (v.worth - w.worth) AS points) change
)'''
    )
}
"""


def reprice(contact_ids: Sequence[int], was: Mapping[int, int], today: date) -> list[dict[str, Any]]:
    """What moves because lines of these versions were worth so many points each and are worth others now. Writes nothing."""
    rows = [{"version_id": version, "worth": points} for version, points in was.items()]
    values = {"was": orjson.dumps(rows).decode(), "versions": array(was)}
    statement = REPRICE.replace("{lines}", among("p.contact_id", contact_ids))
    return dicts(statement, these(contact_ids) | values | when(today))
