"""The statements that let go of old events: months, days, and the details of what contacts did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

from contacts.sql import array, execute, tuples
from tracking.daysums_sql import open_again
from tracking.merging import OWN
from tracking.verdicts.own_sql import MARKS, kinds, marks_of
from tracking.verdicts.reasons import JUDGED, Reason

PATIENCE = "500ms"  # for a lock that everybody else would wait behind


@dataclass(frozen=True)
class Month:
    """A partition of the events: [first, until)."""

    name: str
    first: datetime
    until: datetime


MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'tracking_event'::regclass AND c.relname ~ '_[0-9]{6}$' ORDER BY right(c.relname, 6)
"""


def months() -> list[Month]:
    """The months there are, the oldest first."""
    return [_month(name) for (name,) in tuples(MONTHS, [])]


def _month(name: str) -> Month:
    year, month = int(name[-6:-2]), int(name[-2:])
    following = date(year + month // 12, month % 12 + 1, 1) if year < 9999 or month < 12 else date.max
    return Month(name, datetime(year, month, 1, tzinfo=UTC), datetime(*following.timetuple()[:3], tzinfo=UTC))


# --- what is nobody's -----------------------------------------------------------------------------------------------------

FIRST = """
SELECT at FROM tracking_event WHERE contact_id IS NULL AND at >= %s AND at < %s ORDER BY contact_id, at LIMIT 1
"""


def first_anonymous(since: datetime, until: datetime) -> datetime | None:
    """When the first of them between two moments happened (index `event_of_contact`)."""
    rows = tuples(FIRST, [since, until])
    return rows[0][0] if rows else None


COUNT_ANONYMOUS = "SELECT count(*) FROM (SELECT FROM tracking_event WHERE contact_id IS NULL AND at < %s LIMIT %s) e"


def count_anonymous(until: datetime, most: int | None) -> int:
    ((count,),) = tuples(COUNT_ANONYMOUS, [until, most])
    return int(count)


# Of `gone`, a relation with what is counted; all of a person's day at once, so that they are counted once.
ADD_COUNTS = """
INSERT INTO tracking_daycount AS c (subject_id, kind, day, times, machines, people, nameless)
SELECT subject_id, kind, (at AT TIME ZONE %(zone)s)::date, count(*) FILTER (WHERE verdict < 2), count(*) FILTER (WHERE verdict >= 2),
  count(DISTINCT contact_id) FILTER (WHERE verdict < 2) + count(DISTINCT visitor_id) FILTER (WHERE verdict < 2 AND contact_id IS NULL),
  count(*) FILTER (WHERE verdict < 2 AND contact_id IS NULL AND visitor_id IS NULL)
FROM {gone} gone WHERE EXISTS (SELECT FROM tracking_subject s WHERE s.id = subject_id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (subject_id, kind, day) DO UPDATE SET times = c.times + excluded.times, machines = c.machines + excluded.machines,
  people = c.people + excluded.people, nameless = c.nameless + excluded.nameless
"""

# What closed days came to is counted anew without them (tracking.daysums).
ADD_DUE = """
INSERT INTO tracking_daydue (subject_id, at)
SELECT subject_id, min(at) FROM {gone} gone WHERE subject_id IS NOT NULL GROUP BY subject_id, (at AT TIME ZONE %(zone)s)::date
"""

# All that a browser did on a day goes at once, so that it is counted once. Who was claimed meanwhile is somebody's, and stays.
DELETE = f"""
WITH due AS MATERIALIZED ({{due}}),
gone AS (
  DELETE FROM tracking_event e USING due WHERE e.id = due.id AND e.at = due.at AND e.contact_id IS NULL
    AND e.at >= %(since)s AND e.at < %(until)s RETURNING e.subject_id, e.kind, e.at, e.verdict, e.contact_id, e.visitor_id
),
added AS ({ADD_COUNTS.format(gone="gone")})
SELECT count(*) FROM gone
"""
SPAN = "contact_id IS NULL AND at >= %(since)s AND at < %(until)s"
OF_BROWSERS = f"""
SELECT id, at FROM tracking_event WHERE {SPAN} AND visitor_id IN (
  SELECT visitor_id FROM tracking_event WHERE {SPAN} AND visitor_id IS NOT NULL ORDER BY visitor_id LIMIT %(size)s
) FOR UPDATE SKIP LOCKED
"""
OF_NOBODY = (
    f"SELECT id, at FROM tracking_event WHERE {SPAN} AND visitor_id IS NULL LIMIT %(size)s FOR UPDATE SKIP LOCKED"
)


def delete_anonymous(since: datetime, until: datetime, zone: str, size: int) -> int:
    """Delete some of the anonymous events of a day, about `size`, and keep their counts; how many went. 0: none is left."""
    values = {"since": since, "until": until, "zone": zone, "size": size}
    for due in (OF_BROWSERS, OF_NOBODY):
        ((count,),) = tuples(DELETE.format(due=due), values)
        if count:
            return int(count)
    return 0


IN_MONTH = "(SELECT * FROM tracking_event WHERE at >= %(since)s AND at < %(until)s)"
KEEPS = "SELECT EXISTS (SELECT FROM {month} WHERE contact_id IS NOT NULL), (SELECT max(id) FROM {month})"


def drop_month(month: Month, zone: str) -> int | None:
    """Take a whole month away at once, its counts kept; how many events that were. None if it holds what stays, or is in use."""
    look = KEEPS.format(month=connection.ops.quote_name(month.name))
    ((keeps, last),) = tuples(look, [])
    if keeps:
        return None
    values = {"since": month.first, "until": month.until, "zone": zone}
    try:
        with transaction.atomic():
            ((count,),) = tuples(f"SELECT count(*) FROM {IN_MONTH} e", values)
            execute(ADD_COUNTS.format(gone=IN_MONTH), values)
            tuples("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            execute("LOCK TABLE tracking_event IN ACCESS EXCLUSIVE MODE")
            if tuples(look, []) != [(False, last)]:
                raise _InUse  # something came, or turned out to be somebody's, in between
            open_again(month.first.date() - timedelta(days=1), month.until.date())
            execute(f"DROP TABLE {connection.ops.quote_name(month.name)}")
            tuples("SELECT set_config('lock_timeout', '0', true)", [])
    except (OperationalError, _InUse):
        return None
    return int(count)


class _InUse(Exception):
    pass


# --- what contacts did ----------------------------------------------------------------------------------------------------

STRIP = "to_jsonb(split_part(split_part(d.value #>> '{}', '?', 1), '#', 1))"
# Which variant of a page was seen, by which campaign somebody came, which of two merged contacts it was; what was chosen.
KEPT = f"""(
  SELECT coalesce(jsonb_object_agg(d.key, CASE WHEN d.key IN ('url', 'referrer') THEN {STRIP} ELSE d.value END), '{{}}')
  FROM jsonb_each(CASE WHEN jsonb_typeof(e.data) = 'object' THEN e.data ELSE '{{}}' END) d
  WHERE d.key IN ('url', 'referrer', 'utm', 'test', 'variant', 'form', 'field', 'answer', 'purpose', 'granted', 'named')
)"""
HAS_DETAILS = f"(e.agent_id IS NOT NULL OR e.network_id IS NOT NULL OR e.data <> {KEPT})"
# A contact's own data are what the past is found from (tracking.past): they are kept as long as the contact is.
THEIRS = f"e.contact_id IS NOT NULL AND e.kind NOT IN {kinds(OWN)}"

PICK = f"""
SELECT e.id, e.contact_id FROM tracking_event e
WHERE e.at >= %(since)s AND e.at < %(until)s AND e.id > %(after)s AND {THEIRS} ORDER BY e.id LIMIT %(size)s
"""


def pick(since: datetime, until: datetime, after: int, size: int) -> list[tuple[int, int]]:
    """The next events of contacts between two moments, by their numbers, and whose they are."""
    return tuples(PICK, {"since": since, "until": until, "after": after, "size": size})


COUNT_DETAILED = f"""
SELECT count(*) FROM (
  SELECT FROM tracking_event e WHERE e.at >= %(since)s AND e.at < %(until)s AND {THEIRS} AND {HAS_DETAILS} LIMIT %(most)s
) e
"""


def count_detailed(since: datetime, until: datetime, most: int | None) -> int:
    ((count,),) = tuples(COUNT_DETAILED, {"since": since, "until": until, "most": most})
    return int(count)


# What bears on a verdict may be minutes apart: so verdicts are settled a day before the first detail goes.
REDUCE = f"""
WITH {MARKS}, due AS MATERIALIZED (
  SELECT e.id, e.at, {KEPT} AS kept, e.at < %(before)s AND {HAS_DETAILS} AS sheds,
    CASE WHEN e.kind IN {kinds(JUDGED)} AND coalesce(e.reasons, 0) & {int(Reason.SETTLED)} = 0 THEN {int(Reason.SETTLED)}
      + CASE coalesce(mn.is_machine, ma.is_machine) WHEN true THEN {int(Reason.SETTLED_MACHINE)} WHEN false THEN {int(Reason.SETTLED_PERSON)} ELSE 0 END
      ELSE 0 END AS settles
  FROM tracking_event e {marks_of("e")}
  WHERE e.id = ANY(%(events)s::bigint[]) AND e.at >= %(since)s AND e.at < %(until)s
), reduced AS (
  UPDATE tracking_event e SET reasons = nullif(coalesce(e.reasons, 0) | settles, 0),
    agent_id = CASE WHEN NOT sheds THEN e.agent_id END, network_id = CASE WHEN NOT sheds THEN e.network_id END,
    data = CASE WHEN sheds THEN kept ELSE e.data END
  FROM due WHERE e.id = due.id AND e.at = due.at AND e.at >= %(since)s AND e.at < %(until)s AND (sheds OR settles <> 0)
)
SELECT count(*) FROM due WHERE sheds
"""


def reduce(event_ids: Sequence[int], since: datetime, until: datetime, before: datetime) -> int:
    """Settle the verdicts of these events, and take the details from those before a moment; from how many.

    Who did what to what, and when, stays, and with it every point. The caller holds the contacts.
    """
    values: dict[str, Any] = {"events": array(event_ids), "since": since, "until": until, "before": before}
    ((count,),) = tuples(REDUCE, values)
    return int(count)


# --- programs and networks ------------------------------------------------------------------------------------------------

UNUSED = """
SELECT t.id FROM {table} t WHERE t.first_seen_at < %(before)s {marked}
  AND NOT EXISTS (SELECT FROM tracking_event e WHERE e.{column} = t.id {recent})
"""
OF = {
    "tracking_agent": ("agent_id", "AND NOT EXISTS (SELECT FROM tracking_mark m WHERE m.agent_id = t.id)"),
    "tracking_network": ("network_id", ""),
}


def unused(table: str, before: datetime, most: int | None = None) -> list[int]:
    """Programs or networks that no event names, first seen before a moment. Looks through all events."""
    column, marked = OF[table]
    statement = UNUSED.format(table=table, column=column, marked=marked, recent="") + "ORDER BY t.id LIMIT %(most)s"
    return [pk for (pk,) in tuples(statement, {"before": before, "most": most})]


LAST_EVENT = "SELECT coalesce(max(id), 0) FROM tracking_event"


def last_event() -> int:
    ((pk,),) = tuples(LAST_EVENT, [])
    return int(pk)


def delete_unused(table: str, ids: Sequence[int], before: datetime, after: int) -> int:
    """Delete those of these that no event after this one names either. The caller keeps batches away."""
    column, marked = OF[table]
    still = UNUSED.format(table=table, column=column, marked=marked, recent="AND e.id > %(after)s")
    among = "AND t.id = ANY(%(ids)s::bigint[])"
    return execute(
        f"DELETE FROM {table} WHERE id IN ({still} {among})", {"before": before, "after": after, "ids": array(ids)}
    )
