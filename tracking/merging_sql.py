"""The statements about events, browsers and submissions that change hands when contacts are merged or a merge is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contacts.sql import array, execute, tuples

# Own data are each contact's own history: with them the past of the winner would be the loser's (tracking.past).
GIVE_EVENTS = """
UPDATE tracking_event SET contact_id = %(winner)s WHERE contact_id = %(loser)s AND kind <> ALL(%(own)s) RETURNING id
"""


def give_events(winner: int, loser: int, own: Sequence[int]) -> list[int]:
    """Give what the loser did to the winner, but for these kinds; the ids of the events."""
    values = {"winner": winner, "loser": loser, "own": list(own)}
    return sorted(pk for (pk,) in tuples(GIVE_EVENTS, values))


LAST_EVENT = "SELECT coalesce(max(id), 0) FROM tracking_event"


def last_event() -> int:
    """The newest event's id: whatever comes for contacts that are locked now gets a higher one."""
    ((pk,),) = tuples(LAST_EVENT, [])
    return int(pk)


# What comes with a message is of whom the message was for, in whatever browser.
RETURN_EVENTS = """
UPDATE tracking_event e SET contact_id = %(loser)s
WHERE e.contact_id = %(winner)s AND e.kind <> ALL(%(own)s) AND e.id <> ALL(%(others)s::bigint[]) AND (
  e.id = ANY(%(ids)s::bigint[])
  OR e.id > %(after)s AND e.data ->> 'named' = ANY(%(names)s)
  OR e.data ->> 'named' IS NULL AND e.message_id IS NULL AND (
    e.id > %(after)s AND e.visitor_id = ANY(%(visitors)s::uuid[]) OR e.visitor_id = ANY(%(new)s::uuid[])
  )
) RETURNING e.key, e.at, e.kind, e.data ->> 'purpose', e.data -> 'granted' = 'true', coalesce(e.data ->> 'text', ''), coalesce(e.data ->> 'source', '')
"""


def return_events(
    winner: int,
    losers: Sequence[int],
    moved: Mapping[str, Any],
    others: Sequence[int],
    new: Sequence[str],
    own: Sequence[int],
    form: int,
) -> None:
    """Give back the events that were moved, and what came since to the loser's id or address or in one of these browsers.

    `losers`: the loser, and those who had been merged into it before. `others`: events of somebody else, whatever is said of
    them. `new`: browsers that nobody knew before. Submissions go
    with their events (of kind `form`), and so do the consents that came with them, were answered, or were confirmed from mails
    to the losers.
    """
    values = {
        "winner": winner,
        "loser": losers[0],
        "names": [str(pk) for pk in losers],
        "ids": array(moved["events"]),
        "others": array(others),
        "visitors": list(moved["visitors"]),
        "new": list(new),
        "after": moved["after"],
        "own": list(own),
    }
    returned = tuples(RETURN_EVENTS, values)
    keys = [key for key, *_ in returned if key]
    execute(RETURN_SUBMISSIONS, {"winner": winner, "loser": losers[0], "keys": keys})
    answers = [tuple(said) for _key, at, kind, *answer in returned if (said := [at, *answer])[1] or kind == form]
    ats, purposes, granted, texts, sources = map(list, zip(*answers, strict=True)) if answers else [[]] * 5
    values = {"ats": ats, "purposes": purposes, "granted": granted, "texts": texts, "sources": sources}
    execute(RETURN_CONSENTS, values | {"winner": winner, "loser": losers[0], "losers": array(losers)})


RETURN_SUBMISSIONS = """
UPDATE tracking_formsubmission SET contact_id = %(loser)s WHERE contact_id = %(winner)s AND key = ANY(%(keys)s::uuid[])
"""

# Of answers that are alike in all, both contacts may have some of one moment: as many go as were answered by the loser. What came
# with a form (no purpose) has its moment for itself.
RETURN_CONSENTS = """
WITH due AS (
  SELECT at, purpose, granted, text, source, count(*) AS times, row_number() OVER () AS place
  FROM unnest(%(ats)s::timestamptz[], %(purposes)s::text[], %(granted)s::boolean[], %(texts)s::text[], %(sources)s::text[])
    AS d(at, purpose, granted, text, source) GROUP BY 1, 2, 3, 4, 5
), alike AS (
  SELECT c.id, d.purpose IS NULL OR row_number() OVER (PARTITION BY d.place ORDER BY c.id) <= d.times AS goes
  FROM contacts_consent c JOIN due d ON d.at = c.given_at AND (
    d.purpose IS NULL OR d.purpose = c.purpose AND d.granted = c.granted AND d.text = c.text AND d.source = c.source
  ) WHERE c.contact_id = %(winner)s
)
UPDATE contacts_consent SET contact_id = %(loser)s WHERE contact_id = %(winner)s AND (
  id IN (SELECT id FROM alike WHERE goes)
  OR given_at IN (SELECT confirmed_at FROM tracking_confirmation WHERE contact_id = ANY(%(losers)s::bigint[]))
)
"""

NEW_VISITORS = """
SELECT v.id::text FROM tracking_visitor v
WHERE v.contact_id = %(winner)s AND v.id <> ALL(%(known)s::uuid[]) AND EXISTS (
  SELECT FROM tracking_event e WHERE e.visitor_id = v.id AND e.contact_id = v.contact_id AND e.id > %(after)s AND e.data ->> 'named' = ANY(%(names)s)
) AND NOT EXISTS (
  SELECT FROM tracking_event e WHERE e.visitor_id = v.id AND e.contact_id = v.contact_id AND e.id > %(after)s AND e.data ->> 'named' IS NULL
    AND e.kind = ANY(%(introducing)s)
) ORDER BY v.id FOR NO KEY UPDATE OF v
"""


def new_visitors(
    winner: int, losers: Sequence[int], known: Sequence[str], after: int, introducing: Sequence[int]
) -> list[str]:
    """The winner's browsers, but for those `known` before, in which since then the losers alone were named."""
    values = {"winner": winner, "names": [str(pk) for pk in losers], "known": list(known), "after": after}
    return [pk for (pk,) in tuples(NEW_VISITORS, values | {"introducing": list(introducing)})]


LOCK_VISITORS = """
SELECT id::text FROM tracking_visitor WHERE contact_id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""


def lock_visitors(contact_ids: Sequence[int]) -> list[str]:
    """Lock the browsers of these contacts, in the order of their ids."""
    return [pk for (pk,) in tuples(LOCK_VISITORS, [array(contact_ids)])]
