"""Tracking's hand-written statements: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from contacts.sql import dicts, execute

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


TAKE_HITS = """
DELETE FROM tracking_hit WHERE id IN (
  SELECT id FROM tracking_hit WHERE id = ANY(%s) AND parked_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
) RETURNING id, key, kind, at, contact_id, visitor_id, subject_id, message_id, url, user_agent, host(ip) AS ip, data::text AS data, received_at
"""


def take_hits(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Take these hits out of the inbox, oldest first, but for those another worker has. Rolls back with the caller."""
    rows = dicts(TAKE_HITS, [list(ids)])
    return sorted((row | {"data": orjson.loads(row["data"])} for row in rows), key=lambda row: row["id"])


RECEIVE = """
INSERT INTO tracking_receipt (key, at) SELECT key, now() FROM unnest(%s::uuid[]) AS key ORDER BY key
ON CONFLICT (key) DO NOTHING RETURNING key
"""


def receive(keys: Sequence[Any]) -> set[Any]:
    """Note the keys as received; return those that were new."""
    return {row["key"] for row in dicts(RECEIVE, [list(keys)])}


TAKE_CHANGES = """
DELETE FROM contacts_change WHERE id IN (
  SELECT id FROM contacts_change WHERE held = %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id, contact_id, kind, ref_id, data::text AS data, held, at
"""


def take_changes(limit: int, *, held: bool) -> list[dict[str, Any]]:
    """Take up to `limit` notes of contact changes, oldest first."""
    rows = dicts(TAKE_CHANGES, [held, limit])
    return sorted((row | {"data": orjson.loads(row["data"])} for row in rows), key=lambda row: row["id"])


INSERT_EVENTS = """
INSERT INTO tracking_event (key, kind, at, contact_id, visitor_id, subject_id, message_id, verdict, data, received_at)
SELECT key, kind, at, contact_id, visitor_id, subject_id, message_id, verdict, data, received_at
FROM jsonb_to_recordset(%s::jsonb) AS event(key uuid, kind smallint, at timestamptz, contact_id bigint, visitor_id uuid,
  subject_id bigint, message_id bigint, verdict smallint, data jsonb, received_at timestamptz)
RETURNING id
"""


def insert_events(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert events; return their ids."""
    return [row["id"] for row in dicts(INSERT_EVENTS, [_json(rows)])]


CLAIM_EVENTS = """
UPDATE tracking_event e SET contact_id = v.contact_id FROM tracking_visitor v
WHERE v.id = e.visitor_id AND v.id = ANY(%(visitors)s) AND v.contact_id IS NOT NULL AND e.contact_id IS NULL
  AND (e.kind <> ALL(%(kinds)s) OR coalesce((
    SELECT c.granted FROM contacts_consent c WHERE c.contact_id = v.contact_id AND c.purpose = %(purpose)s
    ORDER BY c.given_at DESC, c.id DESC LIMIT 1
  ), true))
RETURNING e.id, e.contact_id
"""


def claim_events(visitor_ids: Sequence[Any], kinds: Sequence[int], purpose: str) -> dict[int, int]:
    """Give the anonymous events of visitors who are known now to their contacts (index `event_of_visitor`); whose they are.

    Events of these kinds stay anonymous where the contact has said no to this purpose.
    """
    values = {"visitors": list(visitor_ids), "kinds": list(kinds), "purpose": purpose}
    return {row["id"]: row["contact_id"] for row in dicts(CLAIM_EVENTS, values)}


UPSERT_VISITORS = """
INSERT INTO tracking_visitor (id, contact_id, first_seen_at, last_seen_at)
SELECT id, contact_id, first_seen_at, last_seen_at
FROM jsonb_to_recordset(%s::jsonb) AS seen(id uuid, contact_id bigint, first_seen_at timestamptz, last_seen_at timestamptz) ORDER BY id
ON CONFLICT (id) DO UPDATE SET
  contact_id = CASE WHEN excluded.id = ANY(%s) THEN excluded.contact_id ELSE coalesce(tracking_visitor.contact_id, excluded.contact_id) END,
  first_seen_at = least(excluded.first_seen_at, tracking_visitor.first_seen_at),
  last_seen_at = greatest(excluded.last_seen_at, tracking_visitor.last_seen_at)
RETURNING id, contact_id
"""


def upsert_visitors(rows: Sequence[Mapping[str, Any]], sure: Sequence[Any] = ()) -> dict[Any, int | None]:
    """Note that these browsers were seen, and who they are where a row says so; every visitor's contact by id.

    Whom a browser was known as before stays, but for those of `sure`.
    """
    return {row["id"]: row["contact_id"] for row in dicts(UPSERT_VISITORS, [_json(rows), list(sure)])}


ENSURE_MONTHS = "SELECT bareme_ensure_month(%s, month) FROM unnest(%s::date[]) AS month"


def ensure_months(table: str, months: Iterable[date]) -> None:
    """Make the monthly partitions of `table` where missing (advisory lock, short)."""
    execute(ENSURE_MONTHS, [table, sorted(set(months))])


WAITING_MONTHS = """
SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC')::date AS month FROM tracking_hit WHERE id = ANY(%(hits)s)
UNION SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date FROM (SELECT at FROM contacts_change WHERE held ORDER BY id LIMIT %(limit)s) held
UNION SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date FROM (SELECT at FROM contacts_change WHERE NOT held ORDER BY id LIMIT %(limit)s) free
"""


def waiting_months(hit_ids: Sequence[int], limit: int) -> list[date]:
    """The months (UTC) of these hits, and of the oldest `limit` changes that wait, held ones and others."""
    return [row["month"] for row in dicts(WAITING_MONTHS, {"hits": list(hit_ids), "limit": limit})]


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
