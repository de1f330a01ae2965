"""What an event says of itself, in SQL: of its program, its network, its request, and of what a person marked."""

from __future__ import annotations

from collections.abc import Sequence

from contacts.sql import array, execute, tuples
from tracking.models import Subject
from tracking.verdicts.reasons import JUDGED, VISITS, Reason, Sign

Row = tuple[str, int | None, int | None]


def kinds(among: Sequence[int]) -> str:
    return f"({', '.join(str(int(kind)) for kind in among)})"


# The marks in force; of several that a network lies in, the narrowest.
MARKS = """
mark AS MATERIALIZED (
  SELECT contact_id, agent_id, nullif(network, '')::inet AS network, is_machine, coalesce(since, '-infinity') AS since
  FROM tracking_mark WHERE undone_at IS NULL
), marked_network AS MATERIALIZED (
  SELECT DISTINCT ON (n.id) n.id AS network_id, m.is_machine, m.since FROM mark m JOIN tracking_network n ON n.address <<= m.network
  ORDER BY n.id, masklen(m.network) DESC
)
"""

# The one link that stands hidden in every mail (tracking.verdicts.hidden_link).
HIDDEN = f"(SELECT id FROM tracking_subject WHERE type = '{Subject.Type.HIDDEN_LINK}' AND key = 'hidden')"


def marks_of(event: str) -> str:
    """Joins to the marks that concern an event (a relation with contact_id, network_id, agent_id, at)."""
    return f"""LEFT JOIN mark mc ON mc.contact_id = {event}.contact_id AND mc.since <= {event}.at
      LEFT JOIN marked_network mn ON mn.network_id = {event}.network_id AND mn.since <= {event}.at
      LEFT JOIN mark ma ON ma.agent_id = {event}.agent_id AND ma.since <= {event}.at"""


MARKED = f"""CASE coalesce(mc.is_machine, mn.is_machine, ma.is_machine)
    WHEN true THEN {int(Reason.MARKED_MACHINE)} WHEN false THEN {int(Reason.MARKED_PERSON)} ELSE 0 END"""


def own(event: str, agent: str = "a.reasons", network: str = "n.reasons") -> str:
    """The reasons an event brings along, from its kind, signs and subject_id, its program and network, and `marks_of`."""
    return f"""CASE WHEN {event}.kind IN {kinds(JUDGED)} THEN coalesce({agent}, 0) | coalesce({network}, 0)
      | CASE WHEN {event}.signs & {int(Sign.HEAD)} <> 0 THEN {int(Reason.HEAD)} ELSE 0 END
      | CASE WHEN {event}.signs & {int(Sign.PREFETCH)} <> 0 THEN {int(Reason.PREFETCHED)} ELSE 0 END
      | CASE WHEN {event}.subject_id = {HIDDEN} THEN {int(Reason.HIDDEN_LINK)} ELSE 0 END
      | {MARKED} ELSE 0 END"""


# Of a hit: a page view that names its contact came with a pass.
SIGNS = f"""CASE WHEN data ->> 'method' = 'HEAD' THEN {int(Sign.HEAD)} ELSE 0 END
  | CASE WHEN data ->> 'prefetch' = 'true' THEN {int(Sign.PREFETCH)} ELSE 0 END
  | CASE WHEN kind IN {kinds(VISITS)} AND contact_id IS NOT NULL THEN {int(Sign.PASS)} ELSE 0 END"""


SEEN_AGENTS = """
SELECT seen.text, a.id, a.reasons FROM (
  SELECT DISTINCT user_agent AS text FROM tracking_hit WHERE id = ANY(%s::bigint[]) AND user_agent <> ''
) seen LEFT JOIN tracking_agent a ON a.text = left(seen.text, 500)
"""
SEEN_NETWORKS = """
SELECT host(seen.address), n.id, n.reasons FROM (
  SELECT DISTINCT ip AS address FROM tracking_hit WHERE id = ANY(%s::bigint[]) AND ip IS NOT NULL
) seen LEFT JOIN tracking_network n USING (address)
"""


def seen_agents(hit_ids: Sequence[int]) -> list[Row]:
    """The programs these hits came from, with id and reasons where they have a row."""
    return tuples(SEEN_AGENTS, [array(hit_ids)])


def seen_networks(hit_ids: Sequence[int]) -> list[Row]:
    return tuples(SEEN_NETWORKS, [array(hit_ids)])


# Sorted, so that two batches wait for each other instead of blocking.
ADD_AGENTS = """
INSERT INTO tracking_agent (text, reasons, first_seen_at)
SELECT DISTINCT ON (left(text, 500)) left(text, 500), reasons, now() FROM unnest(%s::text[], %s::int[]) AS new(text, reasons) ORDER BY 1 ON CONFLICT (text) DO NOTHING
"""
ADD_NETWORKS = """
INSERT INTO tracking_network (address, reasons, first_seen_at)
SELECT address, reasons, now() FROM unnest(%s::inet[], %s::int[]) AS new(address, reasons) ORDER BY address ON CONFLICT (address) DO NOTHING
"""


def add_agents(new: Sequence[tuple[str, int]]) -> None:
    """Give these programs their rows. Safe to repeat and to race."""
    execute(ADD_AGENTS, [[text for text, _ in new], array(reasons for _, reasons in new)])


def add_networks(new: Sequence[tuple[str, int]]) -> None:
    execute(ADD_NETWORKS, [[address for address, _ in new], array(reasons for _, reasons in new)])
