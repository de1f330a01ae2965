"""The statements about who it was: browsers, contacts, what they allow, and what they said of themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from contacts.sql import array, execute, name_rows, tuples
from tracking.sql import Stored

CLAIM_EVENTS = """
WITH claimed AS (
  UPDATE tracking_event e SET contact_id = v.contact_id FROM (
    SELECT v.id, coalesce(c.merged_into_id, c.id) AS contact_id FROM tracking_visitor v JOIN contacts_contact c ON c.id = v.contact_id
    WHERE v.id = ANY(%(visitors)s::uuid[])
  ) v
  WHERE v.id = e.visitor_id AND e.contact_id IS NULL
    AND (e.kind <> ALL(%(kinds)s) OR coalesce((
      SELECT c.granted FROM contacts_consent c WHERE c.contact_id = v.contact_id AND c.purpose = %(purpose)s
      ORDER BY c.given_at DESC, c.id DESC LIMIT 1
    ), true))
  RETURNING e.id, e.kind, e.at, e.contact_id
)
SELECT kind, array_agg(id), min(at), max(at), array_agg(DISTINCT contact_id) FROM claimed GROUP BY kind
"""


def claim_events(visitor_ids: Sequence[Any], kinds: Sequence[int], purpose: str) -> tuple[list[Stored], set[int]]:
    """Give the anonymous events of visitors who are known now to their contacts (index `event_of_visitor`); and whose they are.

    Events of these kinds stay anonymous where the contact has said no to this purpose.
    """
    values = {"visitors": list(visitor_ids), "kinds": list(kinds), "purpose": purpose}
    rows = tuples(CLAIM_EVENTS, values)
    return [Stored(*row[:4]) for row in rows], {contact_id for row in rows for contact_id in row[4]}


CLAIM_CONSENTS = """
INSERT INTO contacts_consent (contact_id, purpose, granted, text, shown_id, source, ip, given_at)
SELECT coalesce(c.merged_into_id, c.id), e.data ->> 'purpose', e.data -> 'granted' = 'true', coalesce(e.data ->> 'text', ''), (
    SELECT t.id FROM contacts_consenttext t WHERE t.purpose = e.data ->> 'purpose' AND t.text = e.data ->> 'text'
    ORDER BY t.since DESC, t.id DESC LIMIT 1
  ), coalesce(e.data ->> 'source', ''), n.address, e.at
FROM tracking_visitor v JOIN contacts_contact c ON c.id = v.contact_id
JOIN tracking_event e ON e.visitor_id = v.id AND e.contact_id IS NULL AND e.kind = %(kind)s
LEFT JOIN tracking_network n ON n.id = e.network_id
WHERE v.id = ANY(%(visitors)s::uuid[]) ORDER BY e.at, e.id
"""


def claim_consents(visitor_ids: Sequence[Any], kind: int) -> None:
    """Note what these browsers answered while they were nobody's on their contacts. Called once, before their events are claimed."""
    execute(CLAIM_CONSENTS, {"visitors": list(visitor_ids), "kind": kind})


SEE_VISITORS = """
WITH known AS (
  SELECT * FROM unnest(%(visitors)s::uuid[], %(contacts)s::bigint[]) AS k(id, contact_id)
), seen AS (
  INSERT INTO tracking_visitor (id, contact_id, is_sure, first_seen_at, last_seen_at)
  SELECT h.visitor_id, k.contact_id, h.visitor_id = ANY(%(sure)s::uuid[]), min(h.at), max(h.at)
  FROM unnest(%(hits)s::bigint[]) AS wanted(id) JOIN tracking_hit h USING (id) LEFT JOIN known k ON k.id = h.visitor_id
  WHERE h.visitor_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1
  ON CONFLICT (id) DO UPDATE SET
    is_sure = tracking_visitor.is_sure OR excluded.is_sure,
    contact_id = CASE WHEN excluded.is_sure THEN excluded.contact_id ELSE coalesce(tracking_visitor.contact_id, excluded.contact_id) END,
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
        "hits": array(hit_ids),
        "visitors": array(known),
        "contacts": array(known.values()),
        "sure": list(sure),
    }
    return tuples(SEE_VISITORS, values)


VISITORS = "SELECT id::text, contact_id, is_sure FROM tracking_visitor WHERE id = ANY(%s::uuid[])"


def visitors(ids: Iterable[str]) -> list[tuple[str, int | None, bool]]:
    """Who these browsers are known as, and whether that is sure."""
    return tuples(VISITORS, [array(ids)])


CONTACTS = "SELECT id, merged_into_id FROM contacts_contact WHERE id = ANY(%s::bigint[])"


def contacts(ids: Iterable[int]) -> dict[int, int | None]:
    """Those of the contacts that exist, each with the one it was merged into."""
    return dict(tuples(CONTACTS, [array(ids)]))


CONTACTS_BY_EMAIL = "SELECT lower(email), id FROM contacts_contact WHERE lower(email) = ANY(%s)"


def contacts_by_email(emails: Sequence[str]) -> dict[str, int]:
    """The contacts of these lower-case addresses (index `one_contact_per_email`)."""
    return dict(tuples(CONTACTS_BY_EMAIL, [list(emails)]))


LOCK_CONTACTS = (
    "SELECT id, merged_into_id FROM contacts_contact WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
)


def lock_contacts(ids: Iterable[int]) -> dict[int, int | None]:
    """Lock these contacts in the order of their ids; those that exist, each with the one it was merged into."""
    return dict(tuples(LOCK_CONTACTS, [array(ids)]))


LATEST_CONSENTS = """
SELECT asked.contact_id, asked.purpose, latest.granted, latest.given_at
FROM (
  SELECT contact_id, (%(purposes)s::text[])[place] AS purpose FROM unnest(%(contacts)s::bigint[], %(places)s::int[]) AS a(contact_id, place)
) asked CROSS JOIN LATERAL (
  SELECT c.granted, c.given_at FROM contacts_consent c WHERE c.contact_id = asked.contact_id AND c.purpose = asked.purpose
  ORDER BY c.given_at DESC, c.id DESC LIMIT 1
) latest
"""


def latest_consents(asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], tuple[bool, datetime]]:
    """The latest answer of each contact about each purpose and when it was given, where there is one (index `latest_consent`)."""
    places = {purpose: place for place, purpose in enumerate(sorted({purpose for _, purpose in asked}), 1)}
    values = {
        "contacts": array(contact_id for contact_id, _ in asked),
        "places": array(places[purpose] for _, purpose in asked),
        "purposes": list(places),
    }
    return {(pk, purpose): (granted, at) for pk, purpose, granted, at in tuples(LATEST_CONSENTS, values)}


def moments(hit_ids: Sequence[int]) -> dict[int, datetime]:
    """When these hits of the inbox happened."""
    return dict(tuples("SELECT id, at FROM tracking_hit WHERE id = ANY(%s::bigint[])", [array(hit_ids)]))


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
    execute(UPDATE_CONTACTS, [orjson.dumps(rows, default=str).decode()])
