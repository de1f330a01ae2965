"""Tracking's hand-written statements: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from contacts.sql import array, dicts, execute, tuples
from tracking.verdicts.own_sql import MARKS, SIGNS, marks_of, own
from tracking.verdicts.reasons import verdict_of
from tracking.verdicts.seen import Seen

INSERT_HITS = """
INSERT INTO tracking_hit (key, kind, at, received_at, contact_id, visitor_id, subject_id, message_id, url, user_agent, ip, data, error)
SELECT key, kind, at, now(), contact_id, visitor_id, subject_id, message_id, url, user_agent, ip, data, ''
FROM jsonb_to_recordset(%s::jsonb) AS hit(key uuid, kind smallint, at timestamptz, contact_id bigint, visitor_id uuid,
  subject_id bigint, message_id bigint, url text, user_agent text, ip inet, data jsonb)
ON CONFLICT (key) DO NOTHING
"""


def insert_hits(rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to the inbox; rows whose key is there already are left alone."""
    execute(INSERT_HITS, [_json(rows)])


class Arrival(NamedTuple):
    """A hit, as far as it takes to say whose it is and what it is about. All else stays in its row until it is an event."""

    id: int
    is_new: bool  # its key was never received before
    kind: int
    contact_id: int | None
    visitor_id: str | None
    subject_id: int | None
    email: str | None
    address: str  # without query and fragment
    title: str  # of the page
    name: str  # of the custom event
    instead: str | None  # the key of the nameless event this is noted instead of
    form: int | None  # that was begun to be filled in


HOLD_HITS = """
WITH held AS MATERIALIZED (
  SELECT * FROM tracking_hit WHERE id = ANY(%(ids)s::bigint[]) AND parked_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
), received AS (
  INSERT INTO tracking_receipt (key, at) SELECT key, now() FROM held ORDER BY key ON CONFLICT (key) DO NOTHING RETURNING key
)
SELECT h.id, h.key IN (SELECT key FROM received), h.kind, h.contact_id, h.visitor_id::text, h.subject_id,
       CASE WHEN jsonb_typeof(h.data -> 'email') = 'string' THEN h.data ->> 'email' END,
       CASE WHEN h.kind = %(page)s THEN split_part(split_part(h.url, '?', 1), '#', 1) ELSE '' END,
       CASE WHEN h.kind = %(page)s THEN coalesce(left(h.data ->> 'title', 300), '') ELSE '' END,
       CASE WHEN h.kind = %(custom)s THEN coalesce(left(h.data ->> 'name', 300), '') ELSE '' END,
       CASE WHEN h.kind = %(visit)s THEN h.data ->> 'instead' END,
       CASE WHEN h.kind = %(start)s THEN (h.data ->> 'form')::bigint END
FROM held h ORDER BY h.id
"""


def hold_hits(ids: Sequence[int], *, page: int, custom: int, visit: int, start: int) -> list[Arrival]:
    """Lock these hits, oldest first, but for those another worker has, and note their keys as received.

    They stay in the inbox until `store_events` or `drop_hits`. Rolls back with the caller.
    """
    kinds = {"page": page, "custom": custom, "visit": visit, "start": start}
    return list(map(Arrival._make, tuples(HOLD_HITS, {"ids": array(ids), **kinds})))


DROP_HITS = "DELETE FROM tracking_hit WHERE id = ANY(%s::bigint[])"


def drop_hits(ids: Sequence[int]) -> None:
    """Take hits out of the inbox that come to nothing."""
    execute(DROP_HITS, [array(ids)])


# What a hit keeps as an event. A nameless one keeps nothing that leads to a person: an address may carry a name, or the
# token of a mail. (The planner knows how many are decided about, however long ago it last looked at the inbox.)
STORE_EVENTS = f"""
WITH {MARKS}, taken AS (
  DELETE FROM tracking_hit h
  USING unnest(%(hits)s::bigint[], %(contacts)s::bigint[], %(subjects)s::bigint[], %(nameless)s::boolean[]) AS decided(hit_id, owner_id, about_id, nameless)
  WHERE h.id = decided.hit_id RETURNING h.*, decided.*
), signed AS (
  SELECT taken.*, {SIGNS} AS signs, data - '{{email,answers,consents,banner,instead,trusted,method,prefetch}}'::text[] AS kept FROM taken
), event AS (
  SELECT id, key, kind, at, received_at, about_id AS subject_id, kept AS data,
         owner_id AS contact_id, visitor_id, message_id, url, ip, user_agent, signs, nameless
  FROM signed WHERE NOT nameless
  UNION ALL
  SELECT id, key, kind, at, received_at, about_id, kept - '{{ip,user_agent}}'::text[],
         NULL, NULL, NULL, split_part(split_part(coalesce(nullif(url, ''), data ->> 'url'), '?', 1), '#', 1), ip, user_agent, signs, nameless
  FROM signed WHERE nameless
), known AS (
  SELECT event.*, a.id AS agent_id, n.id AS network_id, a.reasons AS agent_reasons, n.reasons AS network_reasons FROM event
  LEFT JOIN unnest(%(agents)s::text[], %(agent_ids)s::bigint[], %(agent_reasons)s::int[]) AS a(text, id, reasons) ON a.text = event.user_agent
  LEFT JOIN unnest(%(networks)s::inet[], %(network_ids)s::bigint[], %(network_reasons)s::int[]) AS n(address, id, reasons) ON n.address = event.ip
), judged AS (
  SELECT known.*, {own("known", "known.agent_reasons", "known.network_reasons")} AS reasons FROM known {marks_of("known")}
), stored AS (
  INSERT INTO tracking_event (key, kind, at, contact_id, visitor_id, subject_id, message_id, verdict, data, received_at,
    agent_id, network_id, signs, reasons)
  SELECT key, kind, at, contact_id, visitor_id, subject_id, message_id, {verdict_of("reasons")},
         data || jsonb_strip_nulls(jsonb_build_object('url', nullif(url, ''))), received_at,
         CASE WHEN NOT nameless THEN agent_id END, CASE WHEN NOT nameless THEN network_id END, nullif(signs, 0), nullif(reasons, 0)
  FROM judged ORDER BY judged.id RETURNING id, kind, at
)
SELECT kind, array_agg(id), min(at), max(at) FROM stored GROUP BY kind
"""


class Stored(NamedTuple):
    """Events of one kind that are in the database now."""

    kind: int
    ids: list[int]
    first_at: datetime
    last_at: datetime


class Decision(NamedTuple):
    """Whose a hit is and what it is about. A nameless one may not be kept as anybody's."""

    hit_id: int
    contact_id: int | None
    subject_id: int | None
    nameless: bool


def store_events(decisions: Sequence[Decision], seen: Seen) -> list[Stored]:
    """Take these hits out of the inbox and make events of them, with the verdict that each bears by itself."""
    if not decisions:
        return []
    hits, contacts, subjects, nameless = map(array, zip(*decisions, strict=True))
    values = {"hits": hits, "contacts": contacts, "subjects": subjects, "nameless": nameless}
    return list(map(Stored._make, tuples(STORE_EVENTS, values | seen.parameters())))


DROP_NAMELESS = """
DELETE FROM tracking_event e USING unnest(%(keys)s::uuid[], %(subjects)s::bigint[]) AS d(key, subject_id)
WHERE e.subject_id = d.subject_id AND e.key = d.key AND e.contact_id IS NULL AND e.visitor_id IS NULL
  AND e.at > now() - interval '2 days'
"""


def drop_nameless(replaced: Mapping[str, int | None]) -> None:
    """Drop the visits of nobody that have somebody now and were noted again: (key → subject), of these days."""
    execute(DROP_NAMELESS, {"keys": list(replaced), "subjects": array(replaced.values())})


TAKE_CHANGES = """
DELETE FROM contacts_change WHERE id IN (
  SELECT id FROM contacts_change WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE SKIP LOCKED
) RETURNING id, contact_id, kind, ref_id, data::text AS data, held, at
"""


def take_changes(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Take these notes of contact changes, oldest first, but for those another worker has."""
    rows = dicts(TAKE_CHANGES, [array(ids)])
    return sorted((row | {"data": orjson.loads(row["data"])} for row in rows), key=lambda row: row["id"])


INSERT_EVENTS = """
WITH stored AS (
  INSERT INTO tracking_event (key, kind, at, contact_id, visitor_id, subject_id, message_id, verdict, data, received_at)
  SELECT key, kind, at, contact_id, visitor_id, subject_id, message_id, verdict, data, received_at
  FROM jsonb_to_recordset(%s::jsonb) AS event(key uuid, kind smallint, at timestamptz, contact_id bigint, visitor_id uuid,
    subject_id bigint, message_id bigint, verdict smallint, data jsonb, received_at timestamptz)
  RETURNING id, kind, at
)
SELECT kind, array_agg(id), min(at), max(at) FROM stored GROUP BY kind
"""


def insert_events(rows: Sequence[Mapping[str, Any]]) -> list[Stored]:
    """Insert events that were never hits, or not alone."""
    return list(map(Stored._make, tuples(INSERT_EVENTS, [_json(rows)]))) if rows else []


FIND_SUBJECTS = """
SELECT s.type, s.key, s.id FROM unnest(%s::text[], %s::text[]) AS wanted(type, key)
JOIN tracking_subject s ON s.type = wanted.type AND s.key = wanted.key
"""


def find_subjects(wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of the subjects of these types and keys, where they exist."""
    types, keys = zip(*wanted, strict=True) if wanted else ((), ())
    return {(type, key): pk for type, key, pk in tuples(FIND_SUBJECTS, [list(map(str, types)), list(keys)])}


ENSURE_MONTHS = "SELECT bareme_ensure_month(%s, month) FROM unnest(%s::date[]) AS month"


def ensure_months(table: str, months: Iterable[date]) -> None:
    """Make the monthly partitions of `table` where missing (advisory lock, short)."""
    execute(ENSURE_MONTHS, [table, sorted(set(months))])


WAITING_MONTHS = """
SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC')::date AS month FROM tracking_hit WHERE id = ANY(%(hits)s)
UNION SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date FROM (
  SELECT at FROM contacts_change WHERE held AND NOT id = ANY(%(without)s::bigint[]) ORDER BY id LIMIT %(limit)s
) held
UNION SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date FROM (
  SELECT at FROM contacts_change WHERE NOT held AND NOT id = ANY(%(without)s::bigint[]) ORDER BY id LIMIT %(limit)s
) free
"""


def waiting_months(hit_ids: Sequence[int], limit: int, without: Sequence[int] = ()) -> list[date]:
    """The months (UTC) of these hits, and of the oldest `limit` changes that wait, held ones and others; `without` these."""
    values = {"hits": list(hit_ids), "limit": limit, "without": array(without)}
    return [row["month"] for row in dicts(WAITING_MONTHS, values)]


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
