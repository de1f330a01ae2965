"""One contact's lines at many instants, by one rulebook, in one statement: each instant is counted like a contact of its own."""

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


LINES_AT = f"""
WITH instants AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%(instants)s::jsonb) AS i(number bigint, at timestamptz)),
happened AS MATERIALIZED (
  SELECT i.number AS contact_id, e.kind, e.at, e.subject_id, e.verdict
  FROM tracking_event e JOIN instants i ON e.at <= i.at WHERE e.contact_id = %(contact)s AND {ALLOWED}
),
rules AS MATERIALIZED ({BOOK_RULES}),
counted AS MATERIALIZED ({{counted}}),
{{chain}}
SELECT contact_id AS number, group_id, {local_day("first_at")} AS day, expires_on, sum(credited::bigint * worth - cut)::bigint AS points
FROM capped GROUP BY 1, 2, 3, 4 HAVING sum(credited::bigint * worth - cut) <> 0
"""


def lines_at(
    book: Mapping[str, Any], shape: Shape, contact_id: int, instants: Sequence[datetime]
) -> list[list[dict[str, Any]]]:
    """For each instant the points of event rules, before fading and expiry: {group_id, day, expires_on, points}."""
    counted = COUNTED.replace("tracking_event e", "happened e").replace(ALLOWED, "true").format(events="true")
    statement = LINES_AT.format(counted=counted, chain=chain("counted", shape))
    numbered = [{"number": number, "at": at} for number, at in enumerate(instants)]
    values = {
        **book,
        "contact": contact_id,
        "instants": orjson.dumps(numbered).decode(),
        "today": date.max,  # what expires when is said, not whether it has
        "zone": settings.TIME_ZONE,
    }
    found: list[list[dict[str, Any]]] = [[] for _at in instants]
    for row in dicts(statement, values):
        found[row["number"]].append(row)
    return found
