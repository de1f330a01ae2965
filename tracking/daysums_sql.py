"""What closed days came to, counted once and kept: the statements that count them, and that add them up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from contacts.sql import array, execute, tuples
from tracking.models import Kind
from tracking.statistics_sql import GONE, HOST, TOP, UTM, Counted
from tracking.verdicts.own_sql import kinds

KINDS = (
    Kind.EMAIL_SENT, Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED, Kind.SMS_SENT, Kind.SMS_CLICKED, Kind.UNSUBSCRIBED,
    Kind.LANDING_PAGE_VISITED, Kind.PAGE_VISITED, Kind.FORM_SUBMITTED, Kind.ASSET_DOWNLOADED,
)  # fmt: skip
LOCK = "SELECT pg_advisory_xact_lock(hashtext('bareme closed days'))"  # who counts days, and who deletes events of days
REGISTERS = 1024

# People of a day are kept as a sketch from which can be told about how many different ones there were on several days:
# Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog" (AofA 2007). An element is register × 64 + rank.
RANK = "CASE WHEN rest = 0 THEN 54 ELSE 1 + round(ln((rest & -rest)::float8) / ln(2::float8))::int END"
LINES = f"""
event AS MATERIALIZED (
  SELECT subject_id, kind, (at AT TIME ZONE %(zone)s)::date AS day, verdict < 2 AS is_person,
    hashtextextended(coalesce(contact_id::text, visitor_id::text), 0) AS hash,
    CASE WHEN kind = {int(Kind.LANDING_PAGE_VISITED)} THEN left(coalesce({HOST}, ''), 300) END AS referrer,
    CASE WHEN kind = {int(Kind.LANDING_PAGE_VISITED)} AND data ? 'utm' THEN left({UTM}, 300) END AS utm,
    CASE WHEN kind = {int(Kind.FORM_SUBMITTED)} THEN left(split_part(split_part(data ->> 'url', '?', 1), '#', 1), 300) END AS url
  FROM {{events}} e
), register AS (
  SELECT subject_id, kind, day, (hash & {REGISTERS - 1})::int AS register, max({RANK}) AS rank
  FROM (SELECT *, hash >> 10 AS rest FROM event WHERE is_person AND hash IS NOT NULL) e GROUP BY 1, 2, 3, 4
), sketch AS (
  SELECT subject_id, kind, day, array_agg(register * 64 + rank) AS people FROM register GROUP BY 1, 2, 3
), line AS (
  SELECT subject_id, kind, day, 'total' AS sort, '' AS name, count(*) FILTER (WHERE is_person) AS times,
    count(*) FILTER (WHERE NOT is_person) AS machines, count(*) FILTER (WHERE is_person AND hash IS NULL) AS nameless
  FROM event GROUP BY 1, 2, 3
  UNION ALL SELECT subject_id, kind, day, 'referrer', referrer, count(*), 0, 0 FROM event WHERE is_person AND referrer IS NOT NULL GROUP BY 1, 2, 3, 5
  UNION ALL SELECT subject_id, kind, day, 'utm', utm, count(*), 0, 0 FROM event WHERE is_person AND utm IS NOT NULL GROUP BY 1, 2, 3, 5
  UNION ALL SELECT subject_id, kind, day, 'url', url, count(*), 0, 0 FROM event WHERE is_person AND url IS NOT NULL GROUP BY 1, 2, 3, 5
), fresh AS (
  SELECT line.*, sketch.people FROM line LEFT JOIN sketch
    ON line.sort = 'total' AND (line.subject_id, line.kind, line.day) = (sketch.subject_id, sketch.kind, sketch.day)
)"""
COLUMNS = "subject_id, kind, day, sort, name, times, machines, nameless, people"

# --- counting -------------------------------------------------------------------------------------------------------------

DAY_EVENTS = f"""(
  SELECT * FROM tracking_event
  WHERE at >= %(since)s AND at < %(until)s AND kind IN {kinds(KINDS)} AND subject_id IS NOT NULL {{among}}
)"""
INSERT = f"""
WITH {LINES.replace("{events}", DAY_EVENTS)}
INSERT INTO tracking_daysum ({COLUMNS}) SELECT {COLUMNS} FROM fresh
"""
CLOSE = "INSERT INTO tracking_closedday (day) SELECT generate_series(%s::date, %s::date, '1 day') ON CONFLICT (day) DO NOTHING"


def count_days(first: date, last: date, since: datetime, until: datetime, zone: str) -> None:
    """Count these days, which lie between these moments, anew. One transaction is the caller's."""
    execute(LOCK)
    execute("DELETE FROM tracking_daysum WHERE day BETWEEN %s AND %s", [first, last])
    execute(INSERT.replace("{among}", ""), {"since": since, "until": until, "zone": zone})
    execute(CLOSE, [first, last])


TAKE_DUE = """
DELETE FROM tracking_daydue WHERE id IN (SELECT id FROM tracking_daydue ORDER BY id LIMIT %(limit)s) RETURNING subject_id, (at AT TIME ZONE %(zone)s)::date
"""


def take_due(limit: int, zone: str) -> list[tuple[int, date]]:
    """What has come to closed days since they were counted: (subject, day). Nobody else takes any, till the transaction ends."""
    execute(LOCK)
    return sorted(set(tuples(TAKE_DUE, {"limit": limit, "zone": zone})))


def count_again(day: date, subjects: Sequence[int], since: datetime, until: datetime, zone: str) -> None:
    """Count a closed day anew for these subjects alone (index `event_of_subject`)."""
    values = {"since": since, "until": until, "zone": zone, "subjects": array(subjects), "day": day}
    execute("DELETE FROM tracking_daysum WHERE day = %(day)s AND subject_id = ANY(%(subjects)s::bigint[])", values)
    execute(INSERT.replace("{among}", "AND subject_id = ANY(%(subjects)s::bigint[])"), values)


NOTE_DUE = f"""
INSERT INTO tracking_daydue (subject_id, at)
SELECT subject_id, min(at) FROM tracking_event WHERE id = ANY(%(events)s::bigint[]) AND at >= %(since)s AND at < %(today)s
  AND subject_id IS NOT NULL AND kind IN {kinds(KINDS)} GROUP BY subject_id, (at AT TIME ZONE %(zone)s)::date
"""


def note_due(event_ids: Sequence[int], since: datetime, today: datetime, zone: str) -> None:
    """These events, of closed days as it may be, have come, or count otherwise than before."""
    execute(NOTE_DUE, {"events": array(event_ids), "since": since, "today": today, "zone": zone})


def open_again(first: date, last: date) -> None:
    """Events of these days are about to go: what was counted of them is forgotten, till they are counted again."""
    execute(LOCK)
    execute("DELETE FROM tracking_closedday WHERE day BETWEEN %s AND %s", [first, last])


OLDEST = """
SELECT to_date(min(right(c.relname, 6)), 'YYYYMM') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'tracking_event'::regclass AND c.relname ~ '_[0-9]{6}$'
"""


def oldest_day() -> date | None:
    """The first day of the first month of events."""
    ((day,),) = tuples(OLDEST, [])
    return day if isinstance(day, date) else None


CLOSED = "SELECT day FROM tracking_closedday WHERE day >= %s"


def closed(since: date) -> set[date]:
    return {day for (day,) in tuples(CLOSED, [since])}


# --- adding up ------------------------------------------------------------------------------------------------------------

KNOWN = """
WITH due AS (SELECT (at AT TIME ZONE %(zone)s)::date AS day FROM tracking_daydue WHERE subject_id = ANY(%(subjects)s::bigint[])),
known AS (SELECT day FROM tracking_closedday WHERE day BETWEEN %(first)s AND %(last)s AND day NOT IN (SELECT day FROM due))
SELECT coalesce((SELECT sum(times + machines) FROM tracking_daysum WHERE subject_id = ANY(%(subjects)s::bigint[])
    AND kind = ANY(%(kinds)s::int[]) AND sort = 'total' AND day BETWEEN %(first)s AND %(last)s AND day IN (SELECT day FROM known)), 0)::bigint,
  (SELECT coalesce(array_agg(day ORDER BY day), '{}') FROM known)
"""


def known(subjects: Sequence[int], kinds: Sequence[int], first: date, last: date, zone: str) -> tuple[int, list[date]]:
    """How many events of these days are counted, and which days are."""
    values = {"subjects": array(subjects), "kinds": list(kinds), "first": first, "last": last, "zone": zone}
    ((count, days),) = tuples(KNOWN, values)
    return int(count), days


EVENTS = """(
  SELECT e.* FROM unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[]) AS r(since, until) CROSS JOIN LATERAL (
    SELECT * FROM tracking_event WHERE subject_id = ANY(%(subjects)s::bigint[]) AND kind = ANY(%(kinds)s::int[])
      AND at >= r.since AND at < r.until OFFSET 0
  ) e
)"""
ALL = f"""
WITH {LINES.replace("{events}", EVENTS)},
known AS MATERIALIZED (
  SELECT {COLUMNS} FROM fresh
  UNION ALL
  SELECT {COLUMNS} FROM tracking_daysum
  WHERE subject_id = ANY(%(subjects)s::bigint[]) AND kind = ANY(%(kinds)s::int[]) AND day = ANY(%(days)s::date[])
), gone AS ({GONE.format(kinds="kind = ANY(%(kinds)s::int[])")}),
"""
PEOPLE = """
person AS (
  SELECT {group} AS part, element >> 6 AS register, max(element & 63) AS rank
  FROM known CROSS JOIN unnest(people) AS element WHERE sort = 'total' GROUP BY 1, 2
), crowd AS (SELECT part, count(*) AS registers, sum(power(2::float8, -rank)) AS sum FROM person GROUP BY 1)
"""


class Sum(NamedTuple):
    """How often by people and by machines, nameless ones among them; `registers` and `sum` of the sketch of the people, and
    how many more there were whose events are gone."""

    part: int
    times: int
    machines: int
    nameless: int
    gone_people: int
    registers: int
    sum: float


NOTHING = Sum(0, 0, 0, 0, 0, 0, 0.0)
SUMS = f"""{ALL} {PEOPLE},
total AS (
  SELECT {{group}} AS part, sum(times)::bigint AS times, sum(machines)::bigint AS machines, sum(nameless)::bigint AS nameless, sum(gone_people)::bigint AS gone_people
  FROM (
    SELECT subject_id, times, machines, nameless, 0 AS gone_people FROM known WHERE sort = 'total'
    UNION ALL SELECT subject_id, times, machines, nameless, people FROM gone
  ) one GROUP BY 1
)
SELECT part, times, machines, nameless, gone_people, coalesce(registers, 0), coalesce(sum, 0) FROM total LEFT JOIN crowd USING (part)
"""


def sums(values: dict[str, Any], *, by_subject: bool) -> list[Sum]:
    """What it all came to: of each subject, or (part 0) of all of them."""
    return list(map(Sum._make, tuples(SUMS.replace("{group}", "subject_id" if by_subject else "0"), values)))


NAMES = f"""{ALL} named AS (
  SELECT sort, name, sum(times)::bigint AS times FROM known WHERE sort <> 'total' GROUP BY 1, 2
)
SELECT 'gone', max(day)::text, sum(times)::bigint, 0, 0, 0 FROM gone HAVING count(*) > 0
UNION ALL
SELECT 'day', day::text, sum(times)::bigint, 0, 0, 0 FROM (
  SELECT day, times FROM known WHERE sort = 'total' UNION ALL SELECT day, times FROM gone
) daily WHERE times > 0 GROUP BY day
UNION ALL (SELECT sort, name, times, 0, -1, 0 FROM named WHERE sort = 'referrer' ORDER BY 3 DESC, 2 LIMIT {TOP})
UNION ALL (SELECT sort, name, times, 0, -1, 0 FROM named WHERE sort = 'utm' ORDER BY 3 DESC, 2 LIMIT {TOP})
UNION ALL (SELECT sort, name, times, 0, -1, 0 FROM named WHERE sort = 'url' ORDER BY 3 DESC, 2 LIMIT {TOP})
"""


def names(values: dict[str, Any]) -> list[Counted]:
    """Days, and the most frequent names of each sort; how many people those were is not known: -1."""
    return list(map(Counted._make, tuples(NAMES, values)))
