"""The hand-written statements of campaigns: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from contacts.sql import array, execute, tuples


class Crossing(NamedTuple):
    contact_id: int
    before: Decimal
    after: Decimal
    met: bool


class Fired(NamedTuple):
    id: int
    contact_id: int
    state: str


# The latest cycle of each contact decides: none yet → cycle 1; an unmet one may be met now; a re-armed one makes the next, and
# so does one that was never true to the end.
INSERT_FIRINGS = """
WITH crossing AS (
  SELECT * FROM unnest(%(contacts)s::bigint[], %(before)s::numeric[], %(after)s::numeric[], %(met)s::boolean[])
    AS c(contact_id, before, after, met)
), latest AS (
  SELECT DISTINCT ON (contact_id) contact_id, cycle, state, rearmed_at FROM campaigns_firing
  WHERE trigger_id = %(trigger)s AND contact_id = ANY(%(contacts)s) ORDER BY contact_id, cycle DESC
)
INSERT INTO campaigns_firing (trigger_id, version_id, publication_id, contact_id, cycle, state, before, after, at)
SELECT %(trigger)s, %(version)s, %(publication)s, c.contact_id,
       CASE WHEN l.cycle IS NULL THEN 1 WHEN l.state = 'unmet' THEN l.cycle ELSE l.cycle + 1 END,
       CASE WHEN c.met THEN %(state)s ELSE 'unmet' END, c.before, c.after, %(at)s
FROM crossing c LEFT JOIN latest l USING (contact_id)
WHERE l.cycle IS NULL OR l.state IN ('unmet', 'outdated') OR (%(again)s AND l.rearmed_at IS NOT NULL)
ORDER BY c.contact_id
ON CONFLICT (trigger_id, contact_id, cycle) DO UPDATE SET version_id = excluded.version_id, publication_id = excluded.publication_id, state = excluded.state,
  before = excluded.before, after = excluded.after, at = excluded.at
  WHERE campaigns_firing.state = 'unmet'
RETURNING id, contact_id, state
"""


def insert_firings(
    trigger_id: int,
    version_id: int | None,
    crossings: Sequence[Crossing],
    *,
    state: str,
    again: bool,
    at: datetime,
    publication_id: int | None = None,
) -> list[Fired]:
    """Write a firing per crossing that may fire: the unique constraint one_firing_per_cycle keeps it to one.

    Those whose condition is not met are written as unmet; of firings that stand already only unmet ones change.
    """
    return [
        Fired(*row)
        for row in tuples(
            INSERT_FIRINGS,
            {
                "trigger": trigger_id,
                "version": version_id,
                "publication": publication_id,
                "contacts": [crossing.contact_id for crossing in crossings],
                "before": [crossing.before for crossing in crossings],
                "after": [crossing.after for crossing in crossings],
                "met": [crossing.met for crossing in crossings],
                "state": state,
                "again": again,
                "at": at,
            },
        )
    ]


REARM_FIRINGS = """
UPDATE campaigns_firing SET rearmed_at = %s
WHERE trigger_id = %s AND contact_id = ANY(%s) AND rearmed_at IS NULL AND state <> 'unmet'
"""


def rearm_firings(trigger_id: int, contact_ids: Sequence[int], at: datetime) -> None:
    """Note that these contacts may fire the trigger again: their firings that were met are spent."""
    execute(REARM_FIRINGS, [at, trigger_id, list(contact_ids)])


DECIDE_FIRINGS = """
UPDATE campaigns_firing SET state = %s, decided_by_id = %s, decided_at = %s
WHERE id = ANY(%s::bigint[]) AND state = 'held' RETURNING id, contact_id, trigger_id
"""


def decide_firings(ids: Sequence[int], *, state: str, by: int | None, at: datetime) -> list[tuple[int, int, int]]:
    """Decide about held firings; return (id, contact, trigger) of those that this call decided."""
    return tuples(DECIDE_FIRINGS, [state, by, at, array(ids)])


HELD_FIRINGS = """
SELECT f.id, f.contact_id, f.trigger_id, EXISTS (
  SELECT FROM campaigns_firing later
  WHERE later.trigger_id = f.trigger_id AND later.contact_id = f.contact_id AND later.cycle > f.cycle AND later.state NOT IN ('unmet', 'outdated')
)
FROM campaigns_firing f WHERE f.id = ANY(%s::bigint[]) AND f.state = 'held' ORDER BY f.id
"""


def held_firings(ids: Sequence[int]) -> list[tuple[int, int, int, bool]]:
    """Of these, the firings that wait: (id, contact, trigger, whether the contact fired it again since)."""
    return tuples(HELD_FIRINGS, [array(ids)])


CLAIM_DELIVERIES = """
UPDATE campaigns_delivery SET state = 'in_flight', claimed_at = %(now)s, attempt_count = attempt_count + 1
WHERE id IN (
  SELECT id FROM campaigns_delivery WHERE state IN ('queued', 'retrying') AND not_before <= %(now)s
  ORDER BY not_before, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) RETURNING id, attempt_count
"""


def claim_deliveries(limit: int, now: datetime) -> list[tuple[int, int]]:
    """Claim the deliveries due longest, skipping those another worker is claiming (index delivery_due).

    Returns (id, number of the attempt) of each.
    """
    return sorted(tuples(CLAIM_DELIVERIES, {"limit": limit, "now": now}))


CLAIM_DELIVERY = """
UPDATE campaigns_delivery SET state = 'in_flight', claimed_at = %(now)s, attempt_count = attempt_count + 1
WHERE id = %(id)s AND state IN ('queued', 'retrying') AND not_before <= %(now)s RETURNING attempt_count
"""


def claim_delivery(delivery_id: int, now: datetime) -> int | None:
    """Claim this one if it is due; return the number of the attempt, or None if it is somebody else's or not due."""
    rows = tuples(CLAIM_DELIVERY, {"id": delivery_id, "now": now})
    return rows[0][0] if rows else None


LOCK_ENROLMENTS = """
SELECT e.id FROM campaigns_enrolment e JOIN campaigns_campaign c ON c.id = e.campaign_id AND c.is_active
WHERE e.state = 'active' AND e.due_at <= %(now)s ORDER BY e.due_at, e.id LIMIT %(limit)s FOR UPDATE OF e SKIP LOCKED
"""

NEXT_STEPS = """
SELECT e.id, e.contact_id, e.campaign_id, next.id AS step_id
FROM campaigns_enrolment e
LEFT JOIN LATERAL (
  SELECT s.id FROM campaigns_step s
  WHERE s.campaign_id = e.campaign_id AND s.archived_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM campaigns_steprun r WHERE r.enrolment_id = e.id AND r.step_id = s.id)
  ORDER BY s.position, s.id LIMIT 1
) next ON true
WHERE e.id = ANY(%(enrolments)s) ORDER BY e.id
"""


class Due(NamedTuple):
    enrolment_id: int
    contact_id: int
    campaign_id: int
    step_id: int | None  # the first step in use that was not done yet; None at the end


def claim_enrolments(limit: int, now: datetime) -> list[Due]:
    """Lock the enrolments due longest (index enrolment_due) and say which step each is owed. The caller holds a transaction."""
    # Two statements: only one that begins after the lock sees the steps that whoever held the row before has done.
    locked = [pk for (pk,) in tuples(LOCK_ENROLMENTS, {"limit": limit, "now": now})]
    return [Due(*row) for row in tuples(NEXT_STEPS, {"enrolments": locked})] if locked else []


# Who is under way, or waits for a release, stays as they are. Who never began may begin.
INSERT_ENROLMENTS = """
WITH past AS (
  SELECT contact_id, max(cycle) AS cycle, bool_or(state IN ('active', 'held')) AS is_open,
    bool_or(state IN ('active', 'finished', 'left')) AS has_begun
  FROM campaigns_enrolment WHERE campaign_id = %(campaign)s AND contact_id = ANY(%(contacts)s::bigint[]) GROUP BY contact_id
)
INSERT INTO campaigns_enrolment (campaign_id, contact_id, cycle, state, reason, note, position, due_at, started_at)
SELECT %(campaign)s, c.id, coalesce(p.cycle, 0) + 1, %(state)s, %(reason)s, %(note)s, 0,
  CASE WHEN %(state)s = 'active' THEN %(now)s::timestamptz END, %(now)s
FROM contacts_contact c LEFT JOIN past p ON p.contact_id = c.id
WHERE c.id = ANY(%(contacts)s::bigint[]) AND c.merged_into_id IS NULL
  AND (p.cycle IS NULL OR NOT p.is_open AND (NOT p.has_begun OR %(again)s))
ORDER BY c.id
ON CONFLICT DO NOTHING
RETURNING id, contact_id
"""

# What happens by itself asks nobody: it begins what bulk work left waiting.
BEGIN_HELD = """
UPDATE campaigns_enrolment SET state = 'active', reason = %(reason)s, note = %(note)s, due_at = %(now)s, started_at = %(now)s
WHERE campaign_id = %(campaign)s AND contact_id = ANY(%(contacts)s::bigint[]) AND state = 'held' RETURNING id, contact_id
"""


def insert_enrolments(
    campaign_id: int, contact_ids: Sequence[int], *, reason: str, note: str, again: bool, now: datetime, held: bool
) -> list[tuple[int, int]]:
    """Enrol contacts, once per cycle; return (id, contact) of those for whom it begins, or with `held` waits, from now on."""
    values = {
        "campaign": campaign_id,
        "contacts": array(contact_ids),
        "reason": reason,
        "note": note,
        "again": again,
        "now": now,
        "state": "held" if held else "active",
    }
    begun = [] if held else tuples(BEGIN_HELD, values)
    return begun + tuples(INSERT_ENROLMENTS, values)


DECIDE_ENROLMENTS = """
UPDATE campaigns_enrolment SET state = %(state)s, decided_by_id = %(by)s, decided_at = %(at)s,
  due_at = CASE WHEN %(state)s = 'active' THEN %(at)s::timestamptz END,
  started_at = CASE WHEN %(state)s = 'active' THEN %(at)s ELSE started_at END,
  ended_at = CASE WHEN %(state)s = 'active' THEN NULL ELSE %(at)s::timestamptz END
WHERE id = ANY(%(ids)s::bigint[]) AND state = 'held' RETURNING id, contact_id, campaign_id
"""


def decide_enrolments(ids: Sequence[int], *, state: str, by: int | None, at: datetime) -> list[tuple[int, int, int]]:
    """Decide about held enrolments; return (id, contact, campaign) of those that this call decided."""
    return tuples(DECIDE_ENROLMENTS, {"ids": array(ids), "state": state, "by": by, "at": at})


# Entered by a segment that the contact has left since, and no other one of the campaign holds them.
LEFT_SINCE = """
SELECT e.id FROM campaigns_enrolment e
WHERE e.id = ANY(%s::bigint[]) AND e.state = 'held' AND e.reason = 'segment' AND NOT EXISTS (
  SELECT FROM campaigns_campaign_segments s JOIN contacts_membership m ON m.segment_id = s.segment_id AND m.is_member
  WHERE s.campaign_id = e.campaign_id AND m.contact_id = e.contact_id
)
"""


def left_since(ids: Sequence[int]) -> list[int]:
    """Of these held enrolments, those whose contact is in no segment of the campaign any more."""
    return [pk for (pk,) in tuples(LEFT_SINCE, [array(ids)])]


# The earliest word stands: a registration is kept from the first event that says so.
UPSERT_REGISTRATIONS = """
INSERT INTO campaigns_registration (webinar_id, contact_id, registered_at, attended_at, missed_at)
SELECT s.ref_id, e.contact_id, min(e.at) FILTER (WHERE e.kind = %(registered)s),
       min(e.at) FILTER (WHERE e.kind = %(attended)s), min(e.at) FILTER (WHERE e.kind = %(missed)s)
FROM tracking_event e
JOIN tracking_subject s ON s.id = e.subject_id AND s.type = 'webinar'
JOIN campaigns_webinar w ON w.id = s.ref_id
JOIN contacts_contact c ON c.id = e.contact_id
WHERE e.id = ANY(%(events)s) AND e.kind IN (%(registered)s, %(attended)s, %(missed)s)
GROUP BY s.ref_id, e.contact_id ORDER BY s.ref_id, e.contact_id
ON CONFLICT (webinar_id, contact_id) DO UPDATE SET
  registered_at = least(campaigns_registration.registered_at, excluded.registered_at),
  attended_at = least(campaigns_registration.attended_at, excluded.attended_at),
  missed_at = least(campaigns_registration.missed_at, excluded.missed_at)
"""


def upsert_registrations(event_ids: Sequence[int], *, registered: int, attended: int, missed: int) -> None:
    """Keep what the webinar events among these say, one row per webinar and contact. Repeating changes nothing."""
    values: dict[str, Any] = {
        "events": list(event_ids),
        "registered": registered,
        "attended": attended,
        "missed": missed,
    }
    with connection.cursor() as cursor:
        cursor.execute(UPSERT_REGISTRATIONS, values)
