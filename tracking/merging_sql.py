"""The statements about events, browsers and submissions that change hands when contacts are merged or a merge is undone."""

from __future__ import annotations

from collections.abc import Sequence

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


RETURN_EVENTS = """
UPDATE tracking_event e SET contact_id = %(loser)s
WHERE e.contact_id = %(winner)s AND e.kind <> ALL(%(own)s) AND (
  e.id = ANY(%(ids)s::bigint[])
  OR e.id > %(after)s AND (
    e.data ->> 'named' = ANY(%(names)s) OR e.data ->> 'named' IS NULL AND e.visitor_id = ANY(%(visitors)s::uuid[])
  )
) RETURNING e.key, e.at, e.kind
"""


def return_events(
    winner: int,
    losers: Sequence[int],
    ids: Sequence[int],
    visitors: Sequence[str],
    after: int,
    own: Sequence[int],
    consenting: Sequence[int],
) -> None:
    """Give back the events of these ids, and what came `after` to the loser's id or address or in one of these browsers.

    `losers`: the loser, and those who had been merged into it before. Submissions go with their events, and so do the
    consents that came with those of `consenting` kinds, or were confirmed from mails to the losers.
    """
    loser = losers[0]
    values = {
        "winner": winner,
        "loser": loser,
        "names": [str(pk) for pk in losers],
        "ids": array(ids),
        "visitors": list(visitors),
        "after": after,
        "own": list(own),
    }
    returned = tuples(RETURN_EVENTS, values)
    keys = [key for key, _at, _kind in returned if key]
    execute(RETURN_SUBMISSIONS, {"winner": winner, "loser": loser, "keys": keys})
    times = [at for _key, at, kind in returned if kind in consenting]
    execute(RETURN_CONSENTS, {"winner": winner, "loser": loser, "losers": array(losers), "times": times})


RETURN_SUBMISSIONS = """
UPDATE tracking_formsubmission SET contact_id = %(loser)s WHERE contact_id = %(winner)s AND key = ANY(%(keys)s::uuid[])
"""

RETURN_CONSENTS = """
UPDATE contacts_consent SET contact_id = %(loser)s WHERE contact_id = %(winner)s AND (
  given_at = ANY(%(times)s::timestamptz[])
  OR given_at IN (SELECT confirmed_at FROM tracking_confirmation WHERE contact_id = ANY(%(losers)s::bigint[]))
)
"""

LOCK_VISITORS = """
SELECT id::text FROM tracking_visitor WHERE contact_id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""


def lock_visitors(contact_ids: Sequence[int]) -> list[str]:
    """Lock the browsers of these contacts, in the order of their ids."""
    return [pk for (pk,) in tuples(LOCK_VISITORS, [array(contact_ids)])]
