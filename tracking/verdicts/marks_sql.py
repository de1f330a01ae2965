"""The statements about what a person marked: whom a mark concerns, and what shows that one is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contacts.sql import dicts, tuples
from tracking.verdicts.own_sql import HIDDEN, kinds
from tracking.verdicts.reasons import JUDGED, Reason

# A mark is of one thing, so no event of one mark is found twice. What a contact did is found by its index, and where no network
# or program is marked, nothing is looked through for one: arrays and EXISTS are made before the plan is carried out.
_JUDGED = f"SELECT e.* FROM tracking_event e WHERE e.kind IN {kinds(JUDGED)} AND e.contact_id IS NOT NULL"
_OPEN = f"coalesce(e.reasons, 0) & {int(Reason.SETTLED)} = 0"
_MARKED = "FROM tracking_mark m WHERE m.id = ANY(%(marks)s)"
MARKED_EVENTS = f"""
{_JUDGED} AND e.contact_id = ANY(ARRAY(SELECT m.contact_id {_MARKED} AND m.contact_id IS NOT NULL))
UNION ALL
{_JUDGED} AND {_OPEN} AND EXISTS (SELECT {_MARKED} AND m.agent_id IS NOT NULL)
  AND e.agent_id = ANY(ARRAY(SELECT m.agent_id {_MARKED} AND m.agent_id IS NOT NULL))
UNION ALL
{_JUDGED} AND {_OPEN} AND EXISTS (SELECT {_MARKED} AND m.network <> '')
  AND e.network_id = ANY(ARRAY(
    SELECT n.id FROM tracking_mark m JOIN tracking_network n ON n.address <<= nullif(m.network, '')::inet WHERE m.id = ANY(%(marks)s)
  ))
"""
CONTACTS_OF_MARKS = f"SELECT DISTINCT contact_id FROM ({MARKED_EVENTS}) e"


def contacts_of(mark_id: int, limit: int) -> list[int]:
    """The contacts with events that a mark concerns, at most `limit`. For a network or program, looks through all events."""
    statement = f"SELECT contact_id FROM ({CONTACTS_OF_MARKS}) c ORDER BY contact_id LIMIT %(limit)s"
    return [pk for (pk,) in tuples(statement, {"marks": [mark_id], "limit": limit})]


CONCERNED = f"""
WITH contact AS MATERIALIZED (
  SELECT contact_id, count(*) AS events FROM ({MARKED_EVENTS}) e GROUP BY contact_id
)
SELECT coalesce(sum(events), 0)::bigint AS events, count(*) AS contacts,
  ARRAY(SELECT contact_id FROM contact ORDER BY contact_id LIMIT %(limit)s) AS first
FROM contact
"""


def concerned(mark_id: int, limit: int) -> dict[str, Any]:
    """What a mark concerns: so many `events` of so many `contacts`, and the `first` of these, at most `limit`.

    For a network or program, looks through all events, once.
    """
    return dicts(CONCERNED, {"marks": [mark_id], "limit": limit})[0]


# Who follows hidden links betrays the network and program it does it from.
SUSPECTS = f"""
SELECT e.network_id, count(*) AS hidden, count(DISTINCT e.contact_id) AS contacts, max(e.at) AS last_at
FROM tracking_event e WHERE e.subject_id = {HIDDEN} AND e.at >= %(since)s AND e.network_id IS NOT NULL
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(limit)s
"""
STILL_COUNTED = f"""
SELECT network_id, count(*) FROM tracking_event
WHERE network_id = ANY(%(networks)s) AND at >= %(since)s AND kind IN {kinds(JUDGED)} AND verdict < 2
  AND coalesce(reasons, 0) & {int(Reason.CONFIRMED)} = 0 AND contact_id IS NOT NULL GROUP BY 1
"""


def suspects(since: datetime, limit: int) -> list[dict[str, Any]]:
    """The networks from which the hidden link was followed most since then, and how many of their events are `counted`.

    Uses the index `event_of_subject`, and looks through the events since then.
    """
    rows = dicts(SUSPECTS, {"since": since, "limit": limit})
    networks: Sequence[int] = [row["network_id"] for row in rows]
    counted = dict(tuples(STILL_COUNTED, {"networks": list(networks), "since": since})) if rows else {}
    return [row | {"counted": counted.get(row["network_id"], 0)} for row in rows]
