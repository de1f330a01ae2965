"""What was done with a page, a form, an asset or a link, counted in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from contacts.sql import array, tuples

TOP = 15

# A machine's doings are counted apart. Who is neither a contact nor a browser we may follow is counted, but is nobody.
# (People are two counts of their own types: as texts they would have to be sorted by the rules of a language.)
PEOPLE = "count(DISTINCT contact_id) + count(DISTINCT visitor_id) FILTER (WHERE contact_id IS NULL)"
HUMANS = "count(DISTINCT contact_id) FILTER (WHERE verdict < 2) + count(DISTINCT visitor_id) FILTER (WHERE verdict < 2 AND contact_id IS NULL)"
HOST = "lower(split_part(split_part(split_part(data ->> 'referrer', '://', 2), '/', 1), '?', 1))"
UTM = "concat_ws(' · ', data #>> '{utm,source}', data #>> '{utm,medium}', data #>> '{utm,campaign}')"
# What is not kept any more stays as counts of days (tracking.retention): people are counted anew each day.
GONE = """
SELECT subject_id, day, times, machines, people, nameless FROM tracking_daycount
WHERE subject_id = ANY(%(subjects)s::bigint[]) AND {kinds}
  AND day >= (%(since)s AT TIME ZONE %(zone)s)::date AND day < (%(until)s AT TIME ZONE %(zone)s)::date
"""
COUNT = f"""
WITH seen AS MATERIALIZED (
  SELECT (at AT TIME ZONE %(zone)s)::date AS day, verdict, contact_id, visitor_id, coalesce({HOST}, '') AS referrer,
         CASE WHEN data ? 'utm' THEN {UTM} END AS utm, split_part(split_part(data ->> 'url', '?', 1), '#', 1) AS url
  FROM tracking_event
  WHERE subject_id = ANY(%(subjects)s::bigint[]) AND kind = %(kind)s AND at >= %(since)s AND at < %(until)s
), people AS (SELECT * FROM seen WHERE verdict < 2),
gone AS ({GONE.format(kinds="kind = %(kind)s")})
SELECT 'total', '', sum(times)::bigint, sum(machines)::bigint, sum(people)::bigint, sum(nameless)::bigint FROM (
  SELECT count(*) FILTER (WHERE verdict < 2) AS times, count(*) FILTER (WHERE verdict >= 2) AS machines, {HUMANS} AS people,
         count(*) FILTER (WHERE verdict < 2 AND contact_id IS NULL AND visitor_id IS NULL) AS nameless FROM seen
  UNION ALL SELECT times, machines, people, nameless FROM gone
) total
UNION ALL
SELECT 'gone', max(day)::text, sum(times)::bigint, 0, 0, 0 FROM gone HAVING count(*) > 0
UNION ALL
SELECT 'day', day::text, sum(times)::bigint, 0, 0, 0 FROM (
  SELECT day, count(*) AS times FROM people GROUP BY day UNION ALL SELECT day, times FROM gone WHERE times > 0
) daily GROUP BY day
UNION ALL
(SELECT 'referrer', referrer, count(*), 0, {PEOPLE}, 0 FROM people GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT {TOP})
UNION ALL
(SELECT 'utm', utm, count(*), 0, {PEOPLE}, 0 FROM people WHERE utm IS NOT NULL GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT {TOP})
UNION ALL
(SELECT 'url', url, count(*), 0, {PEOPLE}, 0 FROM people WHERE url IS NOT NULL GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT {TOP})
"""


class Counted(NamedTuple):
    """One line: of what sort, its name, how often by people and by machines, by how many people, how often by nobody known."""

    sort: str
    name: str
    times: int
    machines: int
    people: int
    nameless: int


def count(subjects: Sequence[int], kind: int, since: datetime, until: datetime, zone: str) -> list[Counted]:
    values = {"subjects": array(subjects), "kind": kind, "since": since, "until": until, "zone": zone}
    return list(map(Counted._make, tuples(COUNT, values)))


CONVERTED = """
WITH visitors AS (
  SELECT visitor_id, min(at) AS since FROM tracking_event
  WHERE subject_id = %(page)s AND kind = %(visited)s AND at >= %(since)s AND at < %(until)s AND verdict < 2
    AND visitor_id IS NOT NULL GROUP BY visitor_id
), senders AS MATERIALIZED (
  SELECT visitor_id, max(at) AS last FROM tracking_event
  WHERE subject_id = %(form)s AND kind = %(sent)s AND at >= %(since)s AND at < %(until)s AND visitor_id IS NOT NULL
  GROUP BY visitor_id
)
SELECT count(*), count(*) FILTER (WHERE s.last >= v.since) FROM visitors v LEFT JOIN senders s USING (visitor_id)
"""


def converted(page: int, form: int, visited: int, sent: int, since: datetime, until: datetime) -> tuple[int, int]:
    """How many visitors of the page we may follow there were, and how many of them sent the form afterwards."""
    values = {"page": page, "form": form, "visited": visited, "sent": sent, "since": since, "until": until}
    ((visitors, sent_by),) = tuples(CONVERTED, values)
    return visitors, sent_by


SENT_FROM = """
SELECT count(DISTINCT visitor_id) FROM tracking_event
WHERE subject_id = %(form)s AND kind = %(sent)s AND at >= %(since)s AND at < %(until)s AND verdict < 2 AND visitor_id IS NOT NULL
  AND split_part(split_part(data ->> 'url', '?', 1), '#', 1) LIKE '%%' || %(path)s
"""


def sent_from(form: int, path: str, sent: int, since: datetime, until: datetime) -> int:
    """How many visitors sent a form from a page at this path."""
    values = {"form": form, "path": path, "sent": sent, "since": since, "until": until}
    ((count,),) = tuples(SENT_FROM, values)
    return int(count)


TALLY = """
WITH visitors AS (
  SELECT visitor_id, (array_agg(data ->> 'variant' ORDER BY at, id))[1] AS letter, min(at) AS since FROM tracking_event
  WHERE subject_id = %(page)s AND kind = %(visited)s AND at >= %(since)s AND at < %(until)s AND verdict < 2
    AND visitor_id IS NOT NULL AND data @> jsonb_build_object('test', %(test)s::bigint) GROUP BY visitor_id
), senders AS MATERIALIZED (
  SELECT visitor_id, max(at) AS last FROM tracking_event
  WHERE subject_id = %(form)s AND kind = %(sent)s AND at >= %(since)s AND at < %(until)s AND visitor_id IS NOT NULL
  GROUP BY visitor_id
)
SELECT v.letter, count(*), count(*) FILTER (WHERE s.last >= v.since) FROM visitors v LEFT JOIN senders s USING (visitor_id)
GROUP BY v.letter
"""


def tally(values: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Visitors, and those who sent the form after they had come, by the letter of the variant they saw first."""
    return {letter: (visitors, sent) for letter, visitors, sent in tuples(TALLY, values)}


BY_SUBJECT = f"""
SELECT subject_id, sum(times)::bigint, sum(machines)::bigint, sum(people)::bigint FROM (
  SELECT subject_id, count(*) FILTER (WHERE verdict < 2) AS times, count(*) FILTER (WHERE verdict >= 2) AS machines, {HUMANS} AS people
  FROM tracking_event WHERE subject_id = ANY(%(subjects)s::bigint[]) AND kind = ANY(%(kinds)s::int[]) AND at >= %(since)s AND at < %(until)s
  GROUP BY subject_id
  UNION ALL SELECT subject_id, times, machines, people FROM ({GONE.format(kinds="kind = ANY(%(kinds)s::int[])")}) gone
) counted GROUP BY subject_id
"""


def by_subject(
    subjects: Sequence[int], kinds: Sequence[int], since: datetime, until: datetime, zone: str
) -> dict[int, tuple[int, int, int]]:
    """For each: how often by people, how often by machines, by how many people."""
    values = {"subjects": array(subjects), "kinds": list(kinds), "since": since, "until": until, "zone": zone}
    return {subject: (times, machines, people) for subject, times, machines, people in tuples(BY_SUBJECT, values)}


TOGETHER = f"""
SELECT sum(times)::bigint, sum(machines)::bigint, sum(people)::bigint FROM (
  SELECT count(*) FILTER (WHERE verdict < 2) AS times, count(*) FILTER (WHERE verdict >= 2) AS machines, {HUMANS} AS people
  FROM tracking_event WHERE subject_id = ANY(%(subjects)s::bigint[]) AND kind = %(kind)s AND at >= %(since)s AND at < %(until)s
  UNION ALL SELECT times, machines, people FROM ({GONE.format(kinds="kind = %(kind)s")}) gone
) counted
"""


def together(subjects: Sequence[int], kind: int, since: datetime, until: datetime, zone: str) -> tuple[int, int, int]:
    """Of all of these: how often by people, how often by machines, by how many people."""
    values = {"subjects": array(subjects), "kind": kind, "since": since, "until": until, "zone": zone}
    ((times, machines, people),) = tuples(TOGETHER, values)
    return times, machines, people
