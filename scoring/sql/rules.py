"""The statements about rules: locks, matches, and what versions know of their siblings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from contacts.sql import execute, tuples
from scoring.models import END
from tracking.verdicts.marks_sql import CONTACTS_OF_MARKS

RULES_LOCK = "hashtext('bareme rules')"


def share_rules() -> None:
    """Hold the rules as they are until the transaction ends: batches share this, publishing excludes them."""
    execute(f"SELECT pg_advisory_xact_lock_shared({RULES_LOCK})", [])


def own_rules() -> None:
    """Wait for running batches and keep new ones out until the transaction ends: for publishing a rule."""
    execute(f"SELECT pg_advisory_xact_lock({RULES_LOCK})", [])


def insert_matches(version_id: int, subjects: QuerySet[Any]) -> None:
    """Resolve a version: one Match for each (subject id, object id) the queryset yields. Repeating adds nothing."""
    try:
        query, params = subjects.query.sql_with_params()
    except EmptyResultSet:
        return  # what it was about is gone
    execute(
        f"""INSERT INTO scoring_match (version_id, subject_id, object_id) SELECT %s, found.* FROM ({query}) found
        ON CONFLICT (subject_id, version_id) DO NOTHING""",
        [version_id, *params],
    )


# Wide (rulebook.is_wide): a cap that reaches over several occurrences, or a policy that was changed. Then all versions of the
# action are.
MARK_WIDE = """
WITH wide AS (
  SELECT action_id, bool_or(cap_amount IS NOT NULL AND NOT (repeat = 'always' AND cap_unit = 'times' AND cap_period = 'day' AND cap_per_object))
    OR count(DISTINCT repeat) > 1 AS is_wide
  FROM scoring_pointactionversion v WHERE v.action_id = ANY(%(actions)s) AND v.kind IS NOT NULL
    AND (v.valid_from < v.valid_until OR EXISTS (SELECT FROM scoring_pointentry p WHERE p.version_id = v.id))
  GROUP BY 1
)
UPDATE scoring_pointactionversion v SET is_wide = coalesce(wide.is_wide, false) FROM wide
WHERE v.action_id = wide.action_id AND v.kind IS NOT NULL AND v.is_wide <> coalesce(wide.is_wide, false)
"""


def mark_wide(action_ids: Sequence[int]) -> None:
    """Note which versions of these actions need `ledger.recap`. Uses the index `entry_by_version`."""
    execute(MARK_WIDE, {"actions": list(action_ids)})


CLOSE = """
UPDATE scoring_validity SET known_until = %(at)s WHERE known_until = %(end)s AND version_id IN (
  SELECT id FROM scoring_pointactionversion WHERE action_id = ANY(%(actions)s)
)
"""
OPEN = """
INSERT INTO scoring_validity (version_id, valid_from, valid_until, worth, known_from, known_until)
SELECT id, valid_from, valid_until, worth, %(at)s, %(end)s FROM scoring_pointactionversion
WHERE action_id = ANY(%(actions)s) AND valid_from < valid_until
"""


def note_validity(action_ids: Sequence[int], at: datetime) -> None:
    """Write down what the versions of these actions count from `at` on, as they stand now."""
    values = {"actions": list(action_ids), "at": at, "end": END}
    execute(CLOSE, values)
    execute(OPEN, values)


SET_VALIDITY = """
UPDATE scoring_pointactionversion v SET valid_from = w.valid_from, valid_until = w.valid_until, worth = w.worth
FROM jsonb_to_recordset(%s::jsonb) AS w(version_id bigint, valid_from timestamptz, valid_until timestamptz, worth int) WHERE v.id = w.version_id
"""


def set_validity(rows: Sequence[Mapping[str, Any]]) -> None:
    """Let versions count these intervals: {version_id, valid_from, valid_until, worth}."""
    execute(SET_VALIDITY, [orjson.dumps(rows).decode()])


ANY_MATCHED = """
SELECT EXISTS (
  SELECT FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS stretch (since, until)
  JOIN scoring_match m ON m.version_id = %(version)s JOIN scoring_pointactionversion v ON v.id = m.version_id
  JOIN tracking_event e ON e.subject_id = m.subject_id AND e.kind = v.kind AND e.at >= stretch.since AND e.at < stretch.until
)
"""


def any_matched(version_id: int, stretches: Sequence[tuple[datetime, datetime]]) -> bool:
    """Did anything happen in these stretches of time that this version would count? Uses the index `event_of_subject`."""
    values = {"version": version_id, "since": [one for one, _ in stretches], "until": [other for _, other in stretches]}
    return bool(stretches) and bool(tuples(ANY_MATCHED, values)[0][0])


# `found` is looked at first: an upsert would make sure of each contact by itself.
LIST = """
INSERT INTO scoring_sweepcontact (sweep_id, contact_id)
SELECT %(sweep)s, contact_id FROM ({found}) found
WHERE NOT EXISTS (SELECT FROM scoring_sweepcontact s WHERE s.sweep_id = %(sweep)s AND s.contact_id = found.contact_id) ORDER BY contact_id
"""
LIST_CONCERNED = LIST.format(
    found="""
  SELECT DISTINCT contact_id FROM (
    SELECT e.contact_id FROM scoring_match m JOIN scoring_pointactionversion v ON v.id = m.version_id AND v.valid_from < v.valid_until
    JOIN tracking_event e ON e.subject_id = m.subject_id AND e.kind = v.kind
    WHERE v.action_id = ANY(%(actions)s) AND e.contact_id IS NOT NULL
    UNION ALL
    SELECT p.contact_id FROM scoring_pointactionversion v JOIN scoring_pointentry p ON p.version_id = v.id
    WHERE v.action_id = ANY(%(actions)s) OR v.id = ANY(%(versions)s)
  ) concerned
"""
)
LIST_MARKED = LIST.format(found=CONTACTS_OF_MARKS)


END_OF_IDS = 2**63 - 1
CUT = """
INSERT INTO scoring_sweeprange (sweep_id, next_id, end_id)
SELECT %(sweep)s, first, lead(first, 1, %(end)s) OVER (ORDER BY first) FROM (
  SELECT CASE WHEN part = 0 THEN 0 ELSE min(id) END AS first FROM (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / %(size)s AS part FROM ({people}) people
  ) parts GROUP BY part
) firsts
"""
LISTED = "SELECT contact_id AS id FROM scoring_sweepcontact WHERE sweep_id = %(sweep)s"
EVERYBODY = "SELECT id FROM contacts_contact"


def cut(sweep_id: int, size: int, is_listed: bool) -> None:
    """Divide the contacts whom a sweep concerns into ranges of `size`; the last has no end, the others leave no gap."""
    values = {"sweep": sweep_id, "size": size, "end": END_OF_IDS}
    execute(CUT.format(people=LISTED if is_listed else EVERYBODY), values)


def list_marked(sweep_id: int, mark_ids: Sequence[int]) -> int:
    """Note the contacts whose events these marks concern; how many. Looks through all events, but for those of contacts."""
    return execute(LIST_MARKED, {"sweep": sweep_id, "marks": list(mark_ids)})


def list_concerned(sweep_id: int, action_ids: Sequence[int], version_ids: Sequence[int]) -> int:
    """Note the contacts with events or lines of these actions, or lines of these versions; how many.

    Uses the indexes `event_of_subject` and `entry_by_version`.
    """
    return execute(LIST_CONCERNED, {"sweep": sweep_id, "actions": list(action_ids), "versions": list(version_ids)})
