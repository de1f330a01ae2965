"""Tracking's hand-written statements: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from contacts.sql import dicts, execute, name_rows, tuples

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


HOLD_HITS = """
WITH held AS MATERIALIZED (
  SELECT * FROM tracking_hit WHERE id = ANY(%(ids)s) AND parked_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
), received AS (
  INSERT INTO tracking_receipt (key, at) SELECT key, now() FROM held ORDER BY key ON CONFLICT (key) DO NOTHING RETURNING key
)
SELECT h.id, h.key IN (SELECT key FROM received), h.kind, h.contact_id, h.visitor_id::text, h.subject_id,
       CASE WHEN jsonb_typeof(h.data -> 'email') = 'string' THEN h.data ->> 'email' END,
       CASE WHEN h.kind = %(page)s THEN split_part(split_part(h.url, '?', 1), '#', 1) ELSE '' END,
       CASE WHEN h.kind = %(page)s THEN coalesce(left(h.data ->> 'title', 300), '') ELSE '' END,
       CASE WHEN h.kind = %(custom)s THEN coalesce(left(h.data ->> 'name', 300), '') ELSE '' END
FROM held h ORDER BY h.id
"""


def hold_hits(ids: Sequence[int], *, page: int, custom: int) -> list[Arrival]:
    """Lock these hits, oldest first, but for those another worker has, and note their keys as received.

    They stay in the inbox until `store_events` or `drop_hits`. Rolls back with the caller.
    """
    return list(map(Arrival._make, tuples(HOLD_HITS, {"ids": list(ids), "page": page, "custom": custom})))


DROP_HITS = "DELETE FROM tracking_hit WHERE id = ANY(%s)"


def drop_hits(ids: Sequence[int]) -> None:
    """Take hits out of the inbox that come to nothing."""
    execute(DROP_HITS, [list(ids)])


# What a hit keeps as an event. A nameless one keeps nothing that leads to a person: an address may carry a name, or the
# token of a mail. (The planner knows how many are decided about, however long ago it last looked at the inbox.)
STORE_EVENTS = """
WITH taken AS (
  DELETE FROM tracking_hit h
  USING unnest(%(hits)s::bigint[], %(contacts)s::bigint[], %(subjects)s::bigint[], %(nameless)s::boolean[]) AS decided(hit_id, owner_id, about_id, nameless)
  WHERE h.id = decided.hit_id RETURNING h.*, decided.*
), event AS (
  SELECT id, key, kind, at, received_at, about_id, data - '{email,answers,consents,trusted}'::text[] AS data,
         owner_id, visitor_id, message_id, url, host(ip) AS ip, nullif(user_agent, '') AS user_agent
  FROM taken WHERE NOT nameless
  UNION ALL
  SELECT id, key, kind, at, received_at, about_id, data - '{email,answers,consents,trusted,ip,user_agent}'::text[],
         NULL, NULL, NULL, split_part(split_part(coalesce(nullif(url, ''), data ->> 'url'), '?', 1), '#', 1), NULL, NULL
  FROM taken WHERE nameless
)
INSERT INTO tracking_event (key, kind, at, contact_id, visitor_id, subject_id, message_id, verdict, data, received_at)
SELECT key, kind, at, owner_id, visitor_id, about_id, message_id, %(verdict)s,
       data || jsonb_strip_nulls(jsonb_build_object('url', nullif(url, ''), 'ip', ip, 'user_agent', user_agent)), received_at
FROM event ORDER BY event.id
RETURNING id, kind, at
"""


class Stored(NamedTuple):
    """An event that is in the database."""

    id: int
    kind: int
    at: datetime


class Decision(NamedTuple):
    """Whose a hit is and what it is about. A nameless one may not be kept as anybody's."""

    hit_id: int
    contact_id: int | None
    subject_id: int | None
    nameless: bool


def store_events(decisions: Sequence[Decision], verdict: int) -> list[Stored]:
    """Take these hits out of the inbox and make events of them."""
    if not decisions:
        return []
    hits, contacts, subjects, nameless = map(list, zip(*decisions, strict=True))
    values = {"hits": hits, "contacts": contacts, "subjects": subjects, "nameless": nameless, "verdict": verdict}
    return list(map(Stored._make, tuples(STORE_EVENTS, values)))


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
RETURNING id, kind, at
"""


def insert_events(rows: Sequence[Mapping[str, Any]]) -> list[Stored]:
    """Insert events that were never hits, or not alone."""
    return list(map(Stored._make, tuples(INSERT_EVENTS, [_json(rows)]))) if rows else []


CLAIM_EVENTS = """
UPDATE tracking_event e SET contact_id = v.contact_id FROM tracking_visitor v
WHERE v.id = e.visitor_id AND v.id = ANY(%(visitors)s) AND v.contact_id IS NOT NULL AND e.contact_id IS NULL
  AND (e.kind <> ALL(%(kinds)s) OR coalesce((
    SELECT c.granted FROM contacts_consent c WHERE c.contact_id = v.contact_id AND c.purpose = %(purpose)s
    ORDER BY c.given_at DESC, c.id DESC LIMIT 1
  ), true))
RETURNING e.id, e.kind, e.at, e.contact_id
"""


def claim_events(visitor_ids: Sequence[Any], kinds: Sequence[int], purpose: str) -> dict[Stored, int]:
    """Give the anonymous events of visitors who are known now to their contacts (index `event_of_visitor`); whose they are.

    Events of these kinds stay anonymous where the contact has said no to this purpose.
    """
    values = {"visitors": list(visitor_ids), "kinds": list(kinds), "purpose": purpose}
    return {Stored(pk, kind, at): contact_id for pk, kind, at, contact_id in tuples(CLAIM_EVENTS, values)}


SEE_VISITORS = """
WITH known AS (
  SELECT * FROM unnest(%(visitors)s::uuid[], %(contacts)s::bigint[]) AS k(id, contact_id)
), seen AS (
  INSERT INTO tracking_visitor (id, contact_id, first_seen_at, last_seen_at)
  SELECT h.visitor_id, k.contact_id, min(h.at), max(h.at)
  FROM unnest(%(hits)s::bigint[]) AS wanted(id) JOIN tracking_hit h USING (id) LEFT JOIN known k ON k.id = h.visitor_id
  WHERE h.visitor_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1
  ON CONFLICT (id) DO UPDATE SET
    contact_id = CASE WHEN excluded.id = ANY(%(sure)s::uuid[]) THEN excluded.contact_id ELSE coalesce(tracking_visitor.contact_id, excluded.contact_id) END,
    first_seen_at = least(excluded.first_seen_at, tracking_visitor.first_seen_at),
    last_seen_at = greatest(excluded.last_seen_at, tracking_visitor.last_seen_at)
  RETURNING id, contact_id
)
SELECT seen.id::text, seen.contact_id, c.merged_into_id FROM seen LEFT JOIN contacts_contact c ON c.id = seen.contact_id
"""


def see_visitors(
    hit_ids: Sequence[int], known: Mapping[str, int], sure: Collection[str]
) -> list[tuple[str, int | None, int | None]]:
    """Note that the browsers of these hits were seen, and who they are where `known` says so.

    Whom a browser was known as before stays, but for those of `sure`. Each browser with its contact, and with the one that
    was merged into. Locks the rows in the order of their ids.
    """
    values = {
        "hits": list(hit_ids),
        "visitors": list(known),
        "contacts": list(known.values()),
        "sure": list(sure),
    }
    return tuples(SEE_VISITORS, values)


VISITORS = "SELECT id::text, contact_id FROM tracking_visitor WHERE id = ANY(%s::uuid[])"


def visitors(ids: Iterable[str]) -> dict[str, int | None]:
    """Who these browsers are known as."""
    return dict(tuples(VISITORS, [list(ids)]))


CONTACTS = "SELECT id, merged_into_id FROM contacts_contact WHERE id = ANY(%s)"


def contacts(ids: Iterable[int]) -> dict[int, int | None]:
    """Those of the contacts that exist, each with the one it was merged into."""
    return dict(tuples(CONTACTS, [list(ids)]))


CONTACTS_BY_EMAIL = "SELECT lower(email), id FROM contacts_contact WHERE lower(email) = ANY(%s)"


def contacts_by_email(emails: Sequence[str]) -> dict[str, int]:
    """The contacts of these lower-case addresses (index `one_contact_per_email`)."""
    return dict(tuples(CONTACTS_BY_EMAIL, [list(emails)]))


LOCK_CONTACTS = "SELECT id FROM contacts_contact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def lock_contacts(ids: Iterable[int]) -> set[int]:
    """Lock these contacts in the order of their ids; those that exist."""
    return {pk for (pk,) in tuples(LOCK_CONTACTS, [sorted(ids)])}


LATEST_CONSENTS = """
SELECT asked.contact_id, asked.purpose, latest.granted
FROM unnest(%s::bigint[], %s::text[]) AS asked(contact_id, purpose) CROSS JOIN LATERAL (
  SELECT c.granted FROM contacts_consent c WHERE c.contact_id = asked.contact_id AND c.purpose = asked.purpose
  ORDER BY c.given_at DESC, c.id DESC LIMIT 1
) latest
"""


def latest_consents(asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], bool]:
    """The latest answer of each contact about each purpose, where there is one (index `latest_consent`)."""
    contacts, purposes = zip(*asked, strict=True) if asked else ((), ())
    return {
        (pk, purpose): granted for pk, purpose, granted in tuples(LATEST_CONSENTS, [list(contacts), list(purposes)])
    }


FIND_SUBJECTS = """
SELECT s.type, s.key, s.id FROM unnest(%s::text[], %s::text[]) AS wanted(type, key)
JOIN tracking_subject s ON s.type = wanted.type AND s.key = wanted.key
"""


def find_subjects(wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of the subjects of these types and keys, where they exist."""
    types, keys = zip(*wanted, strict=True) if wanted else ((), ())
    return {(type, key): pk for type, key, pk in tuples(FIND_SUBJECTS, [list(map(str, types)), list(keys)])}


COMPANIES_BY_NAME = """
SELECT wanted.name, c.id FROM unnest(%s::text[]) AS wanted(name) JOIN contacts_company c ON lower(c.name) = lower(wanted.name)
"""


def company_ids(names: Iterable[str]) -> dict[str, int]:
    """The companies of these names, whatever their case; made where missing."""
    wanted = sorted(set(names))
    name_rows("contacts_company", wanted)
    return dict(tuples(COMPANIES_BY_NAME, [wanted]))


UPDATE_CONTACTS = """
UPDATE contacts_contact c SET (first_name, last_name, job_title, city, phone, country, language, time_zone, company_id, fields, updated_at)
  = (n.first_name, n.last_name, n.job_title, n.city, n.phone, n.country, n.language, n.time_zone, n.company_id, n.fields, now())
FROM jsonb_to_recordset(%s::jsonb) AS n(id bigint, first_name text, last_name text, job_title text, city text, phone text,
  country text, language text, time_zone text, company_id bigint, fields jsonb)
WHERE c.id = n.id
"""


def update_contacts(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what people said of themselves. The caller holds the contacts."""
    execute(UPDATE_CONTACTS, [_json(rows)])


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
