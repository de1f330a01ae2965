"""What contacts do not allow to be scored: found from their answers, kept with their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.conf import settings

from contacts.sql import array, dicts
from scoring.sql.fragments import DELTAS, EVERYTHING, growth

# The kinds a contact bars, null for none. `purposes` ({purpose, kind, unanswered}): what each purpose bars when it is not
# allowed, and whether it is while nothing was said. (Index `latest_consent`.)
BARRED = """(
  SELECT array_agg(DISTINCT p.kind ORDER BY p.kind)
  FROM jsonb_to_recordset(%(purposes)s::jsonb) AS p(purpose text, kind smallint, unanswered boolean) LEFT JOIN (
    SELECT DISTINCT ON (purpose) purpose, granted FROM contacts_consent
    WHERE contact_id = {contact} ORDER BY purpose, given_at DESC, id DESC
  ) said USING (purpose) WHERE NOT coalesce(said.granted, p.unanswered)
)"""

SETTLE = f"""
WITH due AS (
  SELECT s.contact_id, s.barred AS was, {BARRED.format(contact="s.contact_id")} AS barred
  FROM scoring_contactscore s WHERE s.group_id IS NULL AND s.contact_id = ANY(%(contacts)s::bigint[])
)
UPDATE scoring_contactscore s SET barred = due.barred FROM due
WHERE s.group_id IS NULL AND s.contact_id = due.contact_id AND due.was IS DISTINCT FROM due.barred
RETURNING s.contact_id, coalesce({EVERYTHING} = ANY(due.was), false) AS was_off, coalesce({EVERYTHING} = ANY(due.barred), false) AS is_off
"""


def settle(contact_ids: Sequence[int], purposes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Note what these contacts bar now; those for whom that changed: {contact_id, was_off, is_off}.

    The caller holds their score rows.
    """
    return dicts(SETTLE, {"contacts": array(contact_ids), "purposes": orjson.dumps(purposes).decode()})


ADJUSTED = f"""
{
    DELTAS.format(
        moved=f'''(
  SELECT a.contact_id, a.group_id, a.points * way AS points, a.points * way * {growth("a.at", "g")} AS forward
  FROM scoring_adjustment a JOIN scoring_pointgroup g ON g.id = a.group_id
  JOIN unnest(%(contacts)s::bigint[], %(ways)s::int[]) AS turned(contact_id, way) USING (contact_id)
  WHERE a.applied_at IS NOT NULL
)'''
    )
}
"""


def adjusted(ways: Mapping[int, int]) -> list[dict[str, Any]]:
    """What comes (1) or goes (-1) with these contacts' adjustments, which stay on record."""
    values = {"contacts": array(ways), "ways": list(ways.values()), "zone": settings.TIME_ZONE}
    return dicts(ADJUSTED, values)


OFF = f"""
SELECT contact_id FROM scoring_contactscore
WHERE contact_id = ANY(%(contacts)s::bigint[]) AND group_id IS NULL AND barred IS NOT NULL AND {EVERYTHING} = ANY(barred)
"""


def off(contact_ids: Sequence[int]) -> set[int]:
    """Those of these contacts who are not scored at all."""
    return {row["contact_id"] for row in dicts(OFF, {"contacts": array(contact_ids)})}
