"""One contact's lines at many instants, by one rulebook, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from django.conf import settings

from contacts.sql import dicts
from scoring.sql.fragments import ALLOWED, BOOK_RULES, COUNTED, Shape, chain, local_day

EVENT_DAYS = f"""
SELECT {local_day("at")} AS day, count(*) AS count FROM tracking_event WHERE contact_id = %(contact)s AND at <= %(until)s GROUP BY 1 ORDER BY 1
"""


def event_days(contact_id: int, until: datetime) -> list[tuple[date, int]]:
    """The days on which something happened to a contact, and how much; earliest first."""
    rows = dicts(EVENT_DAYS, {"contact": contact_id, "until": until, "zone": settings.TIME_ZONE})
    return [(row["day"], row["count"]) for row in rows]


# Forward decay up to `reference`: by a half-life that is none, nothing is added.
_GROWN = """sum({points} * CASE WHEN half_life_days IS NULL THEN 0 ELSE
    power(2::float8, greatest(-1000, ({day} - %(reference)s)::float8 / half_life_days)) END)::float8"""

LINES_AT = f"""
WITH instants AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%(instants)s::jsonb) AS i(number bigint, at timestamptz)),
happened AS MATERIALIZED (
  SELECT i.number AS contact_id, e.kind, e.at, e.subject_id, e.verdict
  FROM tracking_event e JOIN instants i ON e.at <= i.at WHERE e.contact_id = %(contact)s AND {ALLOWED}
),
rules AS MATERIALIZED ({BOOK_RULES}),
counted AS MATERIALIZED ({{counted}}),
{{chain}},
line AS (
  SELECT contact_id AS number, group_id, half_life_days, {local_day("first_at")} AS day, expires_on, credited::bigint * worth - cut AS points
  FROM capped
)
SELECT number, group_id, expires_on, sum(points)::bigint AS points, {_GROWN.format(points="points", day="day")} AS grown
FROM line WHERE points <> 0 GROUP BY 1, 2, 3
"""

# Where each line's credits depend on nothing but its own hits, what came since the instant before is added to what was.
ADDED_AT = f"""
WITH instants AS MATERIALIZED (SELECT array_agg(at ORDER BY number) AS ats FROM jsonb_to_recordset(%(instants)s::jsonb) AS i(number bigint, at timestamptz)),
happened AS MATERIALIZED (
  SELECT width_bucket(e.at - interval '1 microsecond', i.ats) AS contact_id, e.kind, e.at, e.subject_id, e.verdict
  FROM tracking_event e CROSS JOIN instants i WHERE e.contact_id = %(contact)s AND e.at <= i.ats[cardinality(i.ats)] AND {ALLOWED}
),
rules AS MATERIALIZED ({BOOK_RULES}),
counted AS MATERIALIZED ({{counted}}),
upto AS (
  SELECT version_id, contact_id AS number, hits, sum(hits) OVER line AS upto, {local_day("min(first_at) OVER line")} AS day
  FROM counted WINDOW line AS (PARTITION BY action_id, version_id, object_id, period ORDER BY contact_id)
), line AS (
  SELECT u.number, v.group_id, v.half_life_days, u.day, u.day + v.expires_after_days AS expires_on,
    (least(u.upto, v.occurrence_cap) - least(u.upto - u.hits, v.occurrence_cap)) * v.worth AS points
  FROM upto u JOIN rules v ON v.id = u.version_id
)
SELECT number, group_id, expires_on, sum(points)::bigint AS points, {_GROWN.format(points="points", day="day")} AS grown
FROM line WHERE points <> 0 GROUP BY 1, 2, 3
"""


def adds_up(shape: Shape) -> bool:
    """Does what happened later leave the credits of other lines as they were?"""
    return not (shape.wide or shape.cuts or shape.several)


def lines_at(
    book: Mapping[str, Any], shape: Shape, contact_id: int, instants: Sequence[datetime], reference: date
) -> list[list[dict[str, Any]]]:
    """For each instant the points of event rules, before fading and expiry: {group_id, expires_on, points, grown}.

    `grown`: their forward-decayed sum on the day of `reference`, where the group has a half-life. By rules that add up,
    only what came since the instant before.
    """
    counted = (
        COUNTED.replace("tracking_event e", "happened e").replace(ALLOWED, "true").format(events="true", matches="")
    )
    statement = (
        ADDED_AT.format(counted=counted)
        if adds_up(shape)
        else LINES_AT.format(counted=counted, chain=chain("counted", shape))
    )
    numbered = [{"number": number, "at": at} for number, at in enumerate(instants)]
    values = {
        **book,
        "contact": contact_id,
        "instants": orjson.dumps(numbered).decode(),
        "reference": reference,
        "today": date.max,  # what expires when is said, not whether it has
        "zone": settings.TIME_ZONE,
    }
    found: list[list[dict[str, Any]]] = [[] for _at in instants]
    for row in dicts(statement, values) if instants else ():
        found[row["number"]].append(row)
    return found
