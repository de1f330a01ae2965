"""What the statements of scoring are made of: rules, events counted by occurrence, hits credited within caps.

Every statement begins with the relation `rules`, so that the same text scores by the rules in force (`LIVE_RULES`) and by any
other rulebook (`BOOK_RULES`): live scoring, replay, preview and the time machine are one definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contacts.sql import array

NO_PERIOD = "DATE '0001-01-01'"

_RULE = """v.id, v.action_id, v.number, v.kind, v.group_id, v.repeat, v.occurrence_cap, v.cap_amount, v.cap_unit, v.cap_period,
  v.cap_per_object, v.expires_after_days, v.active_from, v.active_until"""

LIVE_RULES = f"""
SELECT {_RULE}, v.is_wide, v.valid_from, v.valid_until, v.worth,
  g.cap_points AS group_cap, g.cap_period AS group_period, g.half_life_days, g.epoch,
  count(*) FILTER (WHERE v.valid_from < v.valid_until) OVER (PARTITION BY v.action_id) < 2 AS is_sole
FROM scoring_pointactionversion v JOIN scoring_pointgroup g ON g.id = v.group_id
"""

# The versions and terms that a Rulebook names (its `parameters()`).
BOOK_RULES = f"""
SELECT {_RULE}, b.is_wide, b.valid_from, b.valid_until, b.worth,
  g.cap_points AS group_cap, g.cap_period AS group_period, g.half_life_days, g.epoch, count(*) OVER (PARTITION BY v.action_id) < 2 AS is_sole
FROM jsonb_to_recordset(%(intervals)s::jsonb) AS b(version_id bigint, valid_from timestamptz, valid_until timestamptz, worth int, is_wide boolean)
JOIN scoring_pointactionversion v ON v.id = b.version_id
JOIN jsonb_to_recordset(%(terms)s::jsonb) AS g(id bigint, cap_points int, cap_period text, half_life_days int, epoch date) ON g.id = v.group_id
"""


def local_day(at: str) -> str:
    """The day of a moment in the instance's time zone."""
    return f"({at} AT TIME ZONE %(zone)s)::date"


SPARSE = 4  # ids to a contact, from which on each is looked up by itself


def among(column: str, contact_ids: Sequence[int]) -> str:
    """That a column names one of these contacts, whose values are `these(contact_ids)`.

    Contacts whose ids lie close together, as a walk's do, are read as one range: to look up each of thousands in the index of
    every month takes longer than all that is done with what is found.
    """
    span = max(contact_ids) - min(contact_ids) + 1
    if span > SPARSE * len(contact_ids):
        return f"{column} = ANY(%(contacts)s::bigint[])"
    within = f"{column} BETWEEN %(lowest)s AND %(highest)s"
    # + 0 keeps the list out of the index condition: it is hashed, and each row of the range is looked up in it.
    return within if span == len(set(contact_ids)) else f"{within} AND {column} + 0 = ANY(%(contacts)s::bigint[])"


def these(contact_ids: Sequence[int]) -> dict[str, Any]:
    return {"contacts": array(contact_ids), "lowest": min(contact_ids), "highest": max(contact_ids)}


def start(period: str, day: str) -> str:
    """The first day of the stretch of time a day belongs to; one and the same for all days where the period is "ever"."""
    return f"""CASE {period} WHEN 'day' THEN {day} WHEN 'week' THEN date_trunc('week', {day}::timestamp)::date
      WHEN 'month' THEN date_trunc('month', {day}::timestamp)::date ELSE {NO_PERIOD} END"""


def growth(first_at: str, rule: str) -> str:
    """What a point of this line adds to the forward-decayed sum: 2^(days from the epoch / half-life), 0 without a half-life.

    Forward decay: Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay" (ICDE 2009). Bounded, so that no age overflows.
    """
    days = f"({local_day(first_at)} - {rule}.epoch)::float8 / {rule}.half_life_days"
    return f"CASE WHEN {rule}.half_life_days IS NULL THEN 0 ELSE power(2::float8, greatest(-1000, least(1000, {days}))) END"


# What a contact does not allow earns nothing: the kinds of events they barred, and with profiling (0) everything
# (scoring.profiling). `e` is the event.
EVERYTHING = 0


def barred(contact: str, kind: str = str(EVERYTHING)) -> str:
    """Does this contact bar events of this kind from being scored? (Index `barred_contact`, which is mostly empty.)"""
    return f"""EXISTS (SELECT FROM scoring_contactscore b WHERE b.contact_id = {contact} AND b.group_id IS NULL
      AND b.barred IS NOT NULL AND b.barred && ARRAY[{EVERYTHING}, {kind}]::smallint[])"""


ALLOWED = f"NOT {barred('e.contact_id', 'e.kind')}"

# Events × rules in force at the event's time, counted by occurrence. {events} chooses the events, {matches} the matches (`m`) of
# some rules. The day of an event is reckoned once, however many rules count it: asking for it costs as much as a join. OFFSET 0
# keeps the planner, which cannot know how few rules a subject matches, from joining the events to the rules first.
COUNTED = f"""
SELECT e.contact_id, v.action_id, v.id AS version_id,
       CASE WHEN v.repeat IN ('object', 'always') THEN e.object_id ELSE 0 END AS object_id,
       CASE v.repeat
         WHEN 'once' THEN {NO_PERIOD}
         WHEN 'object' THEN {NO_PERIOD}
         WHEN 'week' THEN date_trunc('week', e.day::timestamp)::date
         WHEN 'month' THEN date_trunc('month', e.day::timestamp)::date
         ELSE e.day
       END AS period,
       count(*)::int AS hits, min(e.at) AS first_at, max(e.at) AS last_at
FROM (
  SELECT e.*, m.version_id, m.object_id FROM (
    SELECT e.contact_id, e.kind, e.subject_id, e.at, {local_day("e.at")} AS day FROM tracking_event e
    WHERE {{events}} AND e.contact_id IS NOT NULL AND e.verdict < 2 AND {ALLOWED} OFFSET 0
  ) e JOIN scoring_match m ON m.subject_id = e.subject_id {{matches}} OFFSET 0
) e
JOIN rules v ON v.id = e.version_id AND v.kind = e.kind
 AND e.at >= v.valid_from AND e.at < v.valid_until
 AND (v.active_from IS NULL OR e.at >= v.active_from) AND (v.active_until IS NULL OR e.at < v.active_until)
GROUP BY 1, 2, 3, 4, 5
"""

_RULE_OF_LINE = """v.number, v.repeat, v.group_id, v.worth, v.is_wide, v.cap_amount, v.cap_unit, v.cap_period, v.cap_per_object,
  v.expires_after_days, v.group_cap, v.group_period, v.half_life_days, v.epoch"""

# Where versions of one action share an occurrence, the earlier version's hits are credited first.
_LEFT = """CASE WHEN v.occurrence_cap IS NULL THEN l.hits ELSE greatest(0, least(l.hits, v.occurrence_cap - coalesce(sum(l.hits) OVER (
    PARTITION BY l.contact_id, l.action_id, l.object_id, l.period ORDER BY v.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0)))::int END"""
OCCURRING = f"""
SELECT l.*, {_RULE_OF_LINE}, {_LEFT} AS occurring
FROM {{lines}} l JOIN rules v ON v.id = l.version_id
"""

# The same for stored lines, of which some may be missing: only of wide actions are all there. The others know what they are credited.
OCCURRING_STORED = f"""
SELECT l.*, {_RULE_OF_LINE}, CASE WHEN v.is_wide THEN {_LEFT} ELSE l.stored_credited END AS occurring
FROM {{lines}} l JOIN rules v ON v.id = l.version_id
"""

# The same where lines are counted from events, and an action has but one version that counts any: no line shares with another.
OCCURRING_SOLE = f"""
SELECT l.*, {_RULE_OF_LINE}, least(l.hits, v.occurrence_cap) AS occurring
FROM {{lines}} l JOIN rules v ON v.id = l.version_id WHERE v.is_sole
"""

# What earlier versions with another repeat policy credited takes the occurrence of a later version it falls into.
TAKEN = f"""
SELECT p.contact_id, r.id AS version_id, CASE WHEN r.repeat = 'object' THEN p.object_id ELSE 0 END AS object_id,
  {start("r.repeat", local_day("p.first_at"))} AS period, count(*)::int AS taken
FROM occurring p JOIN rules r ON r.action_id = p.action_id AND r.number > p.number AND r.repeat <> p.repeat AND r.repeat <> 'always'
WHERE p.is_wide AND p.occurring > 0 GROUP BY 1, 2, 3, 4
"""

_LINE = """contact_id, action_id, version_id, object_id, period, hits, first_at, last_at, number, group_id, worth, is_wide,
  expires_after_days, group_cap, group_period, half_life_days, epoch"""

# What the lines of an action would be credited, were it not for caps over several occurrences. A left join in truth: but the
# planner, which expects a line or two, would make what is taken anew for each line. A full one it can only hash or merge.
FREE = """
SELECT o.*, greatest(0, o.occurring - coalesce(t.taken, 0)) AS free
FROM occurring o FULL JOIN taken t USING (contact_id, version_id, object_id, period) WHERE coalesce(o.is_wide, false)
"""

# A cap over several occurrences: the earliest lines are credited until it is reached. It is one of the action: what a line
# may still earn by its version's cap is what all earlier lines of the action leave, whichever version counted them.
WIDE = f"""
SELECT {_LINE}, free AS credited FROM free WHERE cap_amount IS NULL
UNION ALL
SELECT {_LINE}, greatest(0, least(free, floor((cap_amount - spent)::numeric / CASE cap_unit WHEN 'points' THEN abs(worth) ELSE 1 END)))::int
FROM (
  SELECT f.*, k.unit, k.span, k.per_object, coalesce(sum(free::bigint * CASE k.unit WHEN 'points' THEN abs(worth) ELSE 1 END) OVER (
    PARTITION BY contact_id, action_id, k.unit, k.span, k.per_object, CASE WHEN k.per_object THEN object_id ELSE 0 END, {start("k.span", local_day("first_at"))}
    ORDER BY first_at, object_id, period, number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS spent
  FROM free f JOIN (
    SELECT DISTINCT action_id, cap_unit AS unit, cap_period AS span, cap_per_object AS per_object FROM rules WHERE is_wide AND cap_amount IS NOT NULL
  ) k USING (action_id)
) s WHERE cap_amount IS NOT NULL AND (cap_unit, cap_period, cap_per_object) = (unit, span, per_object)
"""

# The cap of a group: positive points beyond it are cut from the latest lines.
CUT = f"""
SELECT c.*, greatest(0, least(earned, before + earned - group_cap))::int AS cut
FROM (
  SELECT c.*, greatest(0, credited::bigint * worth) AS earned, coalesce(sum(greatest(0, credited::bigint * worth)) OVER (
    PARTITION BY contact_id, group_id, {start("group_period", local_day("first_at"))}
    ORDER BY first_at, action_id, object_id, period, number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS before
  FROM credited c WHERE group_cap IS NOT NULL
) c
"""


@dataclass(frozen=True)
class Shape:
    """Which kinds of caps the rules have: what none of them has is left out of the statement."""

    wide: bool
    cuts: bool
    several: bool = True  # has an action several versions that count events?


def chain(lines: str, shape: Shape) -> str:
    """CTEs from counted `lines` (a relation) to `capped`: the lines with `credited`, `cut`, `expires_on`, `is_expired`.

    Parameters: zone, today. A pure function of the lines and the rules: neither order nor batching matters. `counted` are
    lines made from all events of their contacts; `stored_lines` (with `stored_credited`) may be of versions that count nothing
    any more, and some of them, but all of each wide action.
    """
    credited = f"SELECT {_LINE}, occurring AS credited FROM occurring"
    occurring = (OCCURRING_STORED if lines == "stored_lines" else OCCURRING).format(lines=lines)
    if lines == "counted":
        occurring = OCCURRING_SOLE.format(lines=lines) + (
            f"UNION ALL {occurring} WHERE NOT v.is_sole" if shape.several else ""
        )
    parts = [f"occurring AS {'MATERIALIZED' if shape.wide or shape.cuts else ''} ({occurring})"]
    if shape.wide:
        parts += [f"taken AS ({TAKEN})", f"free AS MATERIALIZED ({FREE})"]
        credited = f"{credited} WHERE NOT is_wide UNION ALL SELECT {_LINE}, credited FROM ({WIDE}) wide"
    cut = f"SELECT {_LINE}, credited, 0 AS cut FROM credited"
    if shape.cuts:
        cut = f"{cut} WHERE group_cap IS NULL UNION ALL SELECT {_LINE}, credited, cut FROM ({CUT}) cut"
    expires_on = f"CASE WHEN expires_after_days IS NOT NULL THEN {local_day('first_at')} + expires_after_days END"
    parts += [
        f"credited AS ({credited})",
        f"capped AS (SELECT c.*, {expires_on} AS expires_on, coalesce({expires_on} <= %(today)s, false) AS is_expired FROM ({cut}) c)",
    ]
    return ",\n".join(parts)


# What lines that moved mean for their groups, from columns (contact_id, group_id, points, forward).
DELTAS = """
SELECT contact_id, group_id, sum(points)::bigint AS points, sum(forward)::float8 AS forward
FROM {moved} moved GROUP BY 1, 2 HAVING sum(points) <> 0 OR sum(forward) <> 0 ORDER BY 1, 2
"""


def worth(line: str, rule: str) -> str:
    """The points of a line: credited × worth − cut, nothing once expired."""
    return f"CASE WHEN {line}.is_expired THEN 0 ELSE {line}.credited::bigint * {rule}.worth - {line}.cut END"
