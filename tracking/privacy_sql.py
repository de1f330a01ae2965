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
  visitor_id = CASE WHEN kind <> ALL(%(own)s) THEN coalesce(
    (%(nobodies)s::uuid[])[array_position(%(ids)s::bigint[], e.contact_id)],
    (%(their_nobodies)s::uuid[])[array_position(%(visitors)s::uuid[], e.visitor_id)]
  ) END,
  data = (
    SELECT coalesce(jsonb_object_agg(d.key, CASE WHEN d.key IN ('url', 'referrer') THEN to_jsonb(split_part(split_part(d.value #>> '{}', '?', 1), '#', 1)) ELSE d.value END), '{}')
    FROM jsonb_each(CASE WHEN jsonb_typeof(e.data) = 'object' THEN e.data ELSE '{}' END) d
    WHERE d.key IN ('url', 'referrer', 'utm', 'test', 'variant', 'form', 'id', 'stage_id', 'field', 'purpose', 'granted', 'channel')
  )
WHERE e.contact_id = ANY(%(ids)s::bigint[]) OR e.visitor_id = ANY(%(visitors)s::uuid[]) AND e.contact_id IS NULL
"""


def make_nameless(people: Sequence[Sequence[int]], own: Sequence[int]) -> int:
    """Let what these people did, each of them these contacts, be done by nobody; how many events that were.

    A random number, made here and kept nowhere else, stands for each person, so that one person goes on counting as one.
    """
    nobody = {pk: one for ids in people for one in [str(uuid.uuid4())] for pk in ids}
    browsers = tuples(BROWSERS, [array(nobody)])
    values = {
        "ids": array(nobody),
        "nobodies": array(nobody.values()),
        "visitors": array(visitor for visitor, _pk in browsers),
        "their_nobodies": array(nobody[pk] for _visitor, pk in browsers),
        "own": list(own),
    }
    return execute(MAKE_NAMELESS, values)


BROWSERS = "SELECT id::text, contact_id FROM tracking_visitor WHERE contact_id = ANY(%s::bigint[]) ORDER BY id"

# Others may have used the browsers, too. No index leads to what they did: finding it reads all events, which is left for later.
LET_GO = """
INSERT INTO tracking_browserletgo (visitor_id, until)
SELECT visitor, (SELECT coalesce(max(id), 0) FROM tracking_event) FROM unnest(%s::uuid[]) visitor ORDER BY 1
ON CONFLICT (visitor_id) DO UPDATE SET until = excluded.until
"""


def let_go(visitor_ids: Sequence[str]) -> None:
    """Let what others have done in these browsers until now lose their number (by `forget_browsers`)."""
    if visitor_ids:
        execute(LET_GO, [array(visitor_ids)])


WAITING = "SELECT visitor_id::text FROM tracking_browserletgo ORDER BY 1 LIMIT %s FOR UPDATE"
USED = """
SELECT e.id, e.at FROM tracking_event e JOIN tracking_browserletgo b ON b.visitor_id = e.visitor_id AND e.id <= b.until
WHERE e.visitor_id = ANY(%s::uuid[]) ORDER BY e.id
"""
FORGET = """
UPDATE tracking_event SET visitor_id = NULL
WHERE id = ANY(%(ids)s::bigint[]) AND at = ANY(%(ats)s::timestamptz[]) AND visitor_id = ANY(%(visitors)s::uuid[])
"""


def forget_browsers(most: int) -> bool:
    """Take the numbers of browsers that were let go from what others have done in them; False if there are none."""
    visitors = [visitor for (visitor,) in tuples(WAITING, [most])]
    if not visitors:
        return False
    if used := tuples(USED, [array(visitors)]):
        ids, ats = zip(*used, strict=True)
        execute(FORGET, {"ids": array(ids), "ats": list(ats), "visitors": array(visitors)})
    execute("DELETE FROM tracking_browserletgo WHERE visitor_id = ANY(%s::uuid[])", [array(visitors)])
    return True
