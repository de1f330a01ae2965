"""The statements about what ties browsers to contacts, and about events that go to who a browser turned out to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from contacts.sql import array, execute, tuples

HOLD_VISITORS = """
SELECT id::text, contact_id FROM tracking_visitor
WHERE id IN (SELECT visitor_id FROM tracking_hit WHERE id = ANY(%s::bigint[])) AND NOT is_sure ORDER BY id FOR NO KEY UPDATE
"""


def hold_visitors(hit_ids: Sequence[int]) -> dict[str, int | None]:
    """Lock the browsers of these hits, in the order of their ids; those of whom it is not sure who they are, and as whom."""
    return dict(tuples(HOLD_VISITORS, [array(hit_ids)]))


TIE = """
INSERT INTO tracking_tie (visitor_id, contact_id, given_at, followed_at)
SELECT t.visitor_id, t.contact_id, min(h.at) FILTER (WHERE t.given), max(h.at) FILTER (WHERE NOT t.given)
FROM unnest(%(hits)s::bigint[], %(visitors)s::uuid[], %(contacts)s::bigint[], %(given)s::boolean[]) AS t(hit_id, visitor_id, contact_id, given)
JOIN tracking_hit h ON h.id = t.hit_id GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (visitor_id, contact_id) DO UPDATE SET
  given_at = least(tracking_tie.given_at, excluded.given_at), followed_at = greatest(tracking_tie.followed_at, excluded.followed_at)
"""


def tie(rows: Sequence[tuple[int, str, int, bool]]) -> None:
    """Note (hit, browser, contact, was the contact's email given in it; else a mail to the contact was followed)."""
    hits, visitors, contacts, given = zip(*rows, strict=True)
    execute(TIE, {"hits": array(hits), "visitors": list(visitors), "contacts": array(contacts), "given": list(given)})


TIED = """
SELECT visitor_id::text, contact_id FROM tracking_tie WHERE visitor_id = ANY(%s::uuid[]) AND given_at IS NULL ORDER BY 1, 2
"""


def followed(visitor_ids: Sequence[str]) -> list[tuple[str, int]]:
    """(browser, contact) of mails that were followed in these browsers and are to somebody who was never named in them."""
    return tuples(TIED, [list(visitor_ids)])


# What comes with a message is of whom the message was for; all else that the browser did is of who it is.
SPLIT_EVENTS = """
WITH due AS (
  SELECT * FROM unnest(%(visitors)s::uuid[], %(froms)s::bigint[], %(tos)s::bigint[]) AS d(visitor_id, from_id, to_id)
), split AS (
  UPDATE tracking_event e SET contact_id = CASE WHEN e.kind <> ALL(%(kinds)s) OR coalesce((
      SELECT c.granted FROM contacts_consent c WHERE c.contact_id = d.to_id AND c.purpose = %(purpose)s
      ORDER BY c.given_at DESC, c.id DESC LIMIT 1
    ), true) THEN d.to_id END
  FROM due d WHERE e.contact_id = d.from_id AND e.visitor_id = d.visitor_id AND e.message_id IS NULL RETURNING d.from_id, d.to_id
), submitted AS (
  UPDATE tracking_formsubmission s SET contact_id = d.to_id
  FROM due d WHERE s.contact_id = d.from_id AND s.visitor_id = d.visitor_id RETURNING s.id
)
SELECT DISTINCT unnest(ARRAY[from_id, to_id]) FROM split
"""


def split_events(rows: Sequence[tuple[str, int, int]], kinds: Sequence[int], purpose: str) -> list[int]:
    """Give what a browser did as one contact to another: (browser, from, to). The contacts whose events changed hands.

    Events of these kinds become nobody's where the contact has said no to this purpose.
    """
    visitors, froms, tos = zip(*rows, strict=True)
    values = {
        "visitors": list(visitors),
        "froms": array(froms),
        "tos": array(tos),
        "kinds": list(kinds),
        "purpose": purpose,
    }
    return sorted(pk for (pk,) in tuples(SPLIT_EVENTS, values))


# The consents that answers of these browsers became, and what was noted of them.
SPLIT_CONSENTS = """
WITH answered AS MATERIALIZED (
  SELECT DISTINCT d.from_id, d.to_id, e.at, e.data ->> 'purpose' AS purpose
  FROM unnest(%(visitors)s::uuid[], %(froms)s::bigint[], %(tos)s::bigint[]) AS d(visitor_id, from_id, to_id)
  JOIN tracking_event e ON e.visitor_id = d.visitor_id AND e.contact_id = d.from_id AND e.kind = %(answered)s
), waiting AS (
  UPDATE contacts_change n SET contact_id = a.to_id FROM answered a
  WHERE n.contact_id = a.from_id AND n.at = a.at AND n.kind = 'consent' AND n.data ->> 'purpose' = a.purpose
), noted AS (
  UPDATE tracking_event n SET contact_id = a.to_id FROM answered a
  WHERE n.contact_id = a.from_id AND n.at = a.at AND n.kind = %(noted)s AND n.data ->> 'purpose' = a.purpose
)
UPDATE contacts_consent c SET contact_id = a.to_id FROM answered a
WHERE c.contact_id = a.from_id AND c.given_at = a.at AND c.purpose = a.purpose
"""


def split_consents(rows: Sequence[tuple[str, int, int]], answered: int, noted: int) -> None:
    """Give what a browser answered to a banner as one contact to another: (browser, from, to). Before `split_events`."""
    visitors, froms, tos = zip(*rows, strict=True)
    values = {"visitors": list(visitors), "froms": array(froms), "tos": array(tos)}
    execute(SPLIT_CONSENTS, values | {"answered": answered, "noted": noted})


NOTE_NAMED = """
UPDATE tracking_hit h SET data = h.data || jsonb_build_object('named', n.value::bigint)
FROM jsonb_each_text(%s::jsonb) AS n(hit_id, value) WHERE h.id = n.hit_id::bigint
"""


def note_named(named: Mapping[int, int]) -> None:
    """Note on hits whom they named, where that contact has been merged away: an undone merge gives it back (hit → contact)."""
    execute(NOTE_NAMED, [orjson.dumps({str(hit): pk for hit, pk in named.items()}).decode()])


# Browsers in which many give their addresses are shared: a class room, a stand.
GIVEN = """
SELECT t.visitor_id, coalesce(c.merged_into_id, c.id) AS contact_id, t.contact_id AS tied_id, t.given_at, t.followed_at,
  count(*) OVER (PARTITION BY t.visitor_id) AS people
FROM tracking_tie t JOIN contacts_contact c ON c.id = t.contact_id
WHERE t.given_at IS NOT NULL AND t.visitor_id IN (
  SELECT visitor_id FROM tracking_tie WHERE given_at IS NOT NULL GROUP BY 1 HAVING count(*) > 1
)
"""
SAME_BROWSER = f"""
WITH given AS ({GIVEN})
SELECT DISTINCT a.contact_id, b.contact_id FROM given a JOIN given b USING (visitor_id)
WHERE a.contact_id < b.contact_id AND a.people <= 4 ORDER BY 2 DESC LIMIT %s
"""
BOTH_FOLLOWED = f"""
WITH given AS MATERIALIZED (
  SELECT * FROM ({GIVEN}) given WHERE people = 2
), followed AS (
  SELECT visitor_id, contact_id FROM given g WHERE followed_at > given_at AND EXISTS (
    SELECT FROM tracking_event e WHERE e.contact_id = g.contact_id AND e.visitor_id = g.visitor_id AND e.kind = ANY(%(kinds)s)
      AND e.verdict < %(below)s AND e.at > g.given_at
  ) OR EXISTS (
    SELECT FROM tracking_formsubmission s JOIN tracking_confirmation c USING (key)
    WHERE s.visitor_id = g.visitor_id AND c.contact_id IN (g.contact_id, g.tied_id) AND c.confirmed_at IS NOT NULL
  )
)
SELECT DISTINCT a.contact_id, b.contact_id FROM followed a JOIN followed b USING (visitor_id)
WHERE a.contact_id < b.contact_id ORDER BY 1, 2
"""


def same_browser(limit: int) -> list[tuple[int, int]]:
    """Living contacts whose addresses were given in one browser, the older first."""
    return tuples(SAME_BROWSER, [limit])


def both_followed(kinds: Sequence[int], below: int) -> list[tuple[int, int]]:
    """Those of them to each of whom a mail was followed there after that, by somebody whose verdict is below this one; or who
    confirmed, from a mail, a form that was sent there."""
    return tuples(BOTH_FOLLOWED, {"kinds": list(kinds), "below": below})
