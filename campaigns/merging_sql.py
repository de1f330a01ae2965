"""The statements by which firings and enrolments of two contacts become those of one, in one count of cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contacts.sql import array, dicts, execute, tuples

LOCK_DELIVERIES = """
SELECT id FROM campaigns_delivery WHERE contact_id = ANY(%s::bigint[]) AND state IN ('queued', 'retrying', 'in_flight')
ORDER BY id FOR NO KEY UPDATE
"""


def lock_deliveries(contact_ids: Sequence[int]) -> None:
    tuples(LOCK_DELIVERIES, [array(contact_ids)])


# The latest cycle decides whether a trigger may fire (sql.INSERT_FIRINGS): so those in force come last, the unmet ones first.
FIRINGS = """
SELECT id, trigger_id AS owner_id, contact_id, cycle, row_number() OVER (
  PARTITION BY trigger_id ORDER BY state = 'unmet' DESC, rearmed_at IS NULL, at, id
)::int AS new_cycle
FROM campaigns_firing WHERE contact_id IN (%(winner)s, %(loser)s) AND trigger_id IN (
  SELECT trigger_id FROM campaigns_firing WHERE contact_id = %(loser)s
) ORDER BY id
"""
ENROLMENTS = """
SELECT id, campaign_id AS owner_id, contact_id, cycle, row_number() OVER (
  PARTITION BY campaign_id ORDER BY state IN ('active', 'held'), started_at, id
)::int AS new_cycle
FROM campaigns_enrolment WHERE contact_id IN (%(winner)s, %(loser)s) AND campaign_id IN (
  SELECT campaign_id FROM campaigns_enrolment WHERE contact_id = %(loser)s
) ORDER BY id
"""


def union(table: str, winner: int, loser: int) -> list[dict[str, Any]]:
    """The rows of both where the loser has any: {id, owner_id, contact_id, cycle, new_cycle}."""
    return dicts({"firing": FIRINGS, "enrolment": ENROLMENTS}[table], {"winner": winner, "loser": loser})


# In two steps, since the constraints hold after each row: first out of each other's way, then where they belong.
ASIDE = "UPDATE campaigns_{table} SET cycle = 1000000000 + (id %% 1000000000)::int WHERE id = ANY(%(ids)s::bigint[])"
PLACE = """
UPDATE campaigns_{table} t SET contact_id = n.contact_id, cycle = n.cycle
FROM jsonb_to_recordset(%(rows)s::jsonb) AS n(id bigint, contact_id bigint, cycle int) WHERE t.id = n.id
"""


def place(table: str, rows: Sequence[Mapping[str, int]]) -> None:
    """Give these firings or enrolments their contact and cycle: {id, contact_id, cycle}."""
    if rows:
        execute(ASIDE.format(table=table), {"ids": array(row["id"] for row in rows)})
        execute(PLACE.format(table=table), {"rows": orjson.dumps(list(rows)).decode()})


# Under a trigger that acts once, what waits for the one who fired second is one too many; and so is a second firing to release.
SPARE_DELIVERIES = """
SELECT d.id FROM campaigns_delivery d JOIN campaigns_firing f ON f.id = d.firing_id JOIN campaigns_trigger t ON t.id = f.trigger_id
WHERE d.contact_id = %(winner)s AND t.again = 'once' AND d.state IN ('queued', 'retrying') AND EXISTS (
  SELECT FROM campaigns_delivery o JOIN campaigns_firing g ON g.id = o.firing_id
  WHERE g.trigger_id = f.trigger_id AND o.contact_id = %(winner)s AND o.trigger_action_id = d.trigger_action_id
    AND o.id <> d.id AND (o.state IN ('sent', 'in_flight') OR o.state IN ('queued', 'retrying') AND o.id < d.id)
) ORDER BY d.id
"""
SPARE_FIRINGS = """
SELECT f.id FROM campaigns_firing f JOIN campaigns_trigger t ON t.id = f.trigger_id
WHERE f.contact_id = %(winner)s AND t.again = 'once' AND f.state = 'held' AND EXISTS (
  SELECT FROM campaigns_firing g WHERE g.trigger_id = f.trigger_id AND g.contact_id = %(winner)s AND g.id <> f.id
    AND (g.state = 'fired' OR g.state = 'held' AND g.id < f.id)
) ORDER BY f.id
"""


def spare_deliveries(contact_id: int) -> list[int]:
    return [pk for (pk,) in tuples(SPARE_DELIVERIES, {"winner": contact_id})]


def spare_firings(contact_id: int) -> list[int]:
    return [pk for (pk,) in tuples(SPARE_FIRINGS, {"winner": contact_id})]


WEBINAR_EVENTS = """
SELECT id FROM tracking_event WHERE contact_id = ANY(%(contacts)s::bigint[]) AND kind = ANY(%(kinds)s) ORDER BY id
"""


def webinar_events(contact_ids: Sequence[int], kinds: Sequence[int]) -> list[int]:
    values = {"contacts": array(contact_ids), "kinds": list(kinds)}
    return [pk for (pk,) in tuples(WEBINAR_EVENTS, values)]
