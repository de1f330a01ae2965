"""The statements that let go of what contacts did and no rule counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from contacts.sql import array, tuples
from tracking.retention_sql import ADD_COUNTS, ADD_DUE
from tracking.verdicts.own_sql import kinds
from tracking.verdicts.reasons import JUDGED, Reason

# Matched by no version, in force or not; its verdict settled and its details gone; not the latest thing the person did.
IDLE = f"""
e.contact_id > %(after)s AND e.at >= %(since)s AND e.at < %(before)s AND e.kind IN {kinds(JUDGED)} AND e.kind <> ALL(%(asked)s)
AND e.reasons & {int(Reason.SETTLED)} <> 0 AND e.agent_id IS NULL AND e.network_id IS NULL
AND NOT EXISTS (SELECT FROM tracking_subject s WHERE s.id = e.subject_id AND s.resolved_at IS NULL)
AND NOT EXISTS (
  SELECT FROM scoring_match m JOIN scoring_pointactionversion v ON v.id = m.version_id WHERE m.subject_id = e.subject_id AND v.kind = e.kind
)
AND EXISTS (SELECT FROM tracking_event l WHERE l.contact_id = e.contact_id AND l.at > e.at AND l.kind IN {kinds(JUDGED)} AND l.verdict < 2)
"""


@dataclass(frozen=True)
class Idle:
    """Events of contacts between two moments, but for kinds that are asked about."""

    since: datetime
    before: datetime
    asked: Sequence[int]

    def values(self, **more: Any) -> dict[str, Any]:
        return {"since": self.since, "before": self.before, "asked": list(self.asked), "after": 0} | more


COUNT_IDLE = f"SELECT count(*) FROM (SELECT FROM tracking_event e WHERE {IDLE} LIMIT %(most)s) e"


def count_idle(idle: Idle, most: int | None) -> int:
    ((count,),) = tuples(COUNT_IDLE, idle.values(most=most))
    return int(count)


PICK_IDLE = f"SELECT e.contact_id FROM tracking_event e WHERE {IDLE} ORDER BY e.contact_id LIMIT %(size)s"


def pick_idle(idle: Idle, after: int, size: int) -> list[int]:
    """The next contacts with such events, at most so many events in all but for one contact (index `event_of_contact`)."""
    found = [pk for (pk,) in tuples(PICK_IDLE, idle.values(after=after, size=size))]
    contacts = sorted(set(found))
    return contacts if len(found) < size or len(contacts) == 1 else contacts[:-1]  # the last one may have more


DELETE_IDLE = f"""
WITH gone AS (
  DELETE FROM tracking_event e WHERE e.contact_id = ANY(%(contacts)s::bigint[]) AND {IDLE}
  RETURNING e.subject_id, e.kind, e.at, e.verdict, e.contact_id, e.visitor_id
), added AS ({ADD_COUNTS.format(gone="gone")}), due AS ({ADD_DUE.format(gone="gone")})
SELECT count(*) FROM gone
"""


def delete_idle(idle: Idle, contact_ids: Sequence[int]) -> int:
    """Delete these contacts' such events, and keep their counts; how many went. The caller holds the contacts."""
    values = idle.values(contacts=array(contact_ids), zone=settings.TIME_ZONE)
    ((count,),) = tuples(DELETE_IDLE, values)
    return int(count)
