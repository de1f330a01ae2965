"""The statements that find what a person did, and that make it nobody's."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from contacts.sql import array, execute, tuples


# In JSON an address may stand in any answer, and in any case.
def _named(column: str) -> str:
    given = f"CASE WHEN jsonb_typeof({column}) = 'object' THEN {column} END"
    return f"EXISTS (SELECT FROM jsonb_each_text({given}) a WHERE lower(trim(a.value)) = ANY(%(emails)s::text[]))"


IN_HIT = _named("h.data -> 'answers'")
IN_HELD = _named("h.hit -> 'data' -> 'answers'")

HITS = f"""
SELECT id FROM tracking_hit h WHERE contact_id = ANY(%(ids)s::bigint[])
  OR visitor_id IN (SELECT v.id FROM tracking_visitor v WHERE v.contact_id = ANY(%(ids)s::bigint[]))
  OR lower(trim(data ->> 'email')) = ANY(%(emails)s::text[]) OR {IN_HIT}
"""


def hits(contact_ids: Sequence[int], emails: Sequence[str]) -> list[int]:
    """What waits in the inbox, parked or not, for these contacts, from their browsers, or with their addresses."""
    return [pk for (pk,) in tuples(HITS, {"ids": array(contact_ids), "emails": list(emails)})]


HELD = f"SELECT id FROM tracking_heldsubmission h WHERE {IN_HELD}"


def held(emails: Sequence[str]) -> list[int]:
    """The submissions kept aside as spam that give one of these addresses."""
    return [pk for (pk,) in tuples(HELD, {"emails": list(emails)})] if emails else []


# What a fact about nobody may say: which variant of a page was seen, by which campaign; which stage, tag or segment it was.
# An address loses its query, in which mails carry tokens. All that is the contact's own data says nothing any more.
MAKE_NAMELESS = """
UPDATE tracking_event e SET contact_id = NULL, agent_id = NULL, network_id = NULL,
  visitor_id = CASE WHEN kind = ANY(%(own)s) THEN NULL ELSE %(nobody)s::uuid END,
  data = (
    SELECT coalesce(jsonb_object_agg(d.key, CASE WHEN d.key IN ('url', 'referrer') THEN to_jsonb(split_part(split_part(d.value #>> '{}', '?', 1), '#', 1)) ELSE d.value END), '{}')
    FROM jsonb_each(CASE WHEN jsonb_typeof(e.data) = 'object' THEN e.data ELSE '{}' END) d
    WHERE d.key IN ('url', 'referrer', 'utm', 'test', 'variant', 'form', 'id', 'stage_id', 'field', 'purpose', 'granted', 'channel')
  )
WHERE e.contact_id = ANY(%(ids)s::bigint[]) OR e.visitor_id = ANY(%(visitors)s::uuid[]) AND e.contact_id IS NULL
"""
LET_GO = "UPDATE tracking_event SET visitor_id = NULL WHERE visitor_id = ANY(%s::uuid[])"


def make_nameless(contact_ids: Sequence[int], visitor_ids: Sequence[str], own: Sequence[int]) -> int:
    """Let what these contacts did be done by nobody; how many events that were.

    A random number, made here and kept nowhere else, stands for the person, so that one person goes on counting as one.
    """
    values = {
        "ids": array(contact_ids),
        "visitors": list(visitor_ids),
        "own": list(own),
        "nobody": str(uuid.uuid4()),
    }
    done = execute(MAKE_NAMELESS, values)
    execute(LET_GO, [list(visitor_ids)])  # of others who used the same browser
    return done
