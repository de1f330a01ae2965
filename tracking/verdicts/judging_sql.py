"""What the events around an event say of it, in SQL: the verdict as a function of stored facts alone.

Everything is looked at within one message of one contact, or one program on one network of one contact, and no further than
`AROUND` seconds away. So a few minutes around what is new hold all that it can change, and it does not matter in which order
or in which batches anything arrived: whatever comes later makes the same statement look again.

    facts ─► telling (hidden link, several at once, too soon, HEAD) ─► the same program ─► the visits it led to ─► confirmed
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contacts.sql import array, tuples
from tracking.models import Kind
from tracking.verdicts.own_sql import HIDDEN, MARKED, MARKS, kinds, marks_of, own
from tracking.verdicts.reasons import (
    CLICKS,
    JUDGED,
    SENT,
    SETTLED_MARKS,
    STRONG,
    TELLING,
    VISITS,
    Reason,
    Sign,
    verdict_of,
)
from tracking.verdicts.reasons import MARKED as MARKED_BITS

AROUND = 60  # seconds that a program's behaviour tells about it, and within which a page follows its click
AT_ONCE = 1  # within which nobody clicks two links
HEAD_BEFORE = 10
HIDDEN_NEAR = 10  # around a click on the hidden link, whoever it came from
EVERY_WITHIN = 20
FEWEST_LINKS = 3  # of a message whose every link was clicked
# Around the delivery: gateways look while they take a mail in, before we know that they have it.
BEFORE_SENT, AFTER_SENT = 30, 3
PREFETCH_AFTER_SENT = 10  # by Gmail, for somebody who has it open
REACH = timedelta(seconds=3 * AROUND)  # a click, the visits it led to, the click that led to those

COLUMNS = "id, at, kind, contact_id, message_id, subject_id, agent_id, network_id, signs, verdict, reasons, is_within"

# A click may bear upon the verdicts of another, a visit on that of its click: that is as far as it goes.
NEW = f"""
fresh AS MATERIALIZED (
  SELECT e.id, e.contact_id, e.at, e.message_id IS NOT NULL OR coalesce(e.signs, 0) & {int(Sign.PASS)} <> 0 AS has_company
  FROM tracking_event e {marks_of("e")}
  WHERE e.id = ANY(%(events)s::bigint[]) AND e.at BETWEEN %(first)s AND %(last)s AND e.contact_id IS NOT NULL
    AND (e.message_id IS NOT NULL OR e.signs & {int(Sign.PASS)} <> 0
      OR (e.kind IN {kinds(JUDGED)} AND coalesce(e.reasons, 0) & {int(MARKED_BITS)} <> {MARKED}))
), span AS (
  SELECT contact_id, min(at) - %(reach)s AS since, max(at) + %(reach)s AS until FROM fresh WHERE has_company GROUP BY 1
), near_fresh AS (
  SELECT x.*, x.at BETWEEN s.since + %(around)s AND s.until - %(around)s AS is_within FROM span s CROSS JOIN LATERAL (
    SELECT * FROM tracking_event e WHERE e.contact_id = s.contact_id AND e.at BETWEEN s.since AND s.until
      AND e.at BETWEEN %(first)s - %(reach)s AND %(last)s + %(reach)s AND e.kind IN {kinds((*JUDGED, *SENT))} OFFSET 0
  ) x WHERE x.message_id IS NOT NULL OR x.signs & {int(Sign.PASS)} <> 0
), found AS (
  -- What is alone was judged by itself when it was stored: most of what there is.
  SELECT {COLUMNS} FROM (
    SELECT n.*, count(*) OVER (PARTITION BY contact_id, message_id) > 1 OR bool_or(message_id IS NULL) OVER (PARTITION BY contact_id) AS has_company
    FROM near_fresh n
  ) n WHERE has_company
  UNION ALL
  SELECT {COLUMNS.replace("is_within", "true")} FROM tracking_event e WHERE e.at BETWEEN %(first)s AND %(last)s
    AND e.id IN (SELECT id FROM fresh WHERE NOT has_company)
)"""
ALL_OF_CONTACTS = f"""
found AS (
  SELECT e.*, true AS is_within FROM tracking_event e
  WHERE e.contact_id = ANY(%(contacts)s::bigint[]) AND e.kind IN {kinds((*JUDGED, *SENT))}
)"""


def _bit(condition: str, reason: Reason) -> str:
    return f"CASE WHEN {condition} THEN {int(reason)} ELSE 0 END"


def _seconds(number: int) -> str:
    return f"interval '{number} seconds'"


COPY = "PARTITION BY contact_id, message_id"  # of a message
PROGRAM = "PARTITION BY contact_id, network_id, agent_id"
TELLS = f"is_click AND found & {int(TELLING)} <> 0"
LED = f"is_led AND click_at >= at - {_seconds(AROUND)}"
AFTER_DELIVERY = "at BETWEEN sent_at - {before} AND sent_at + {after} AND reasons & {proxy} {compared} 0"
ARRIVED_SOON = AFTER_DELIVERY.format(
    before=_seconds(BEFORE_SENT), after=_seconds(AFTER_SENT), proxy=int(Reason.IMAGE_PROXY), compared="="
)
SHOWN_SOON = AFTER_DELIVERY.format(
    before=_seconds(BEFORE_SENT), after=_seconds(PREFETCH_AFTER_SENT), proxy=int(Reason.IMAGE_PROXY), compared="<>"
)

# What is settled keeps its reasons, and the marks of networks and programs of then; a mark of the contact still counts.
SETTLED = f"""(f.reasons & ~{int(MARKED_BITS)}) | CASE mc.is_machine WHEN true THEN {int(Reason.MARKED_MACHINE)}
      WHEN false THEN {int(Reason.MARKED_PERSON)} ELSE (f.reasons >> {SETTLED_MARKS}) & {int(MARKED_BITS)} END"""

# Windows throughout, and no join of what was found to itself: the planner cannot know how much that is.
JUDGE = f"""
WITH {MARKS}, {{found}},
fact AS MATERIALIZED (
  SELECT f.id, f.at, f.kind, f.contact_id, f.message_id, f.subject_id, f.agent_id, f.network_id, f.is_within,
    f.verdict AS old_verdict, coalesce(f.reasons, 0) AS old_reasons,
    f.kind IN {kinds(CLICKS)} AS is_click, coalesce(f.signs & {int(Sign.HEAD)} <> 0, false) AS is_head,
    coalesce(f.subject_id = {HIDDEN}, false) AS is_hidden, f.agent_id IS NOT NULL AND f.network_id IS NOT NULL AS is_known,
    coalesce(f.signs & {int(Sign.PASS)} <> 0, false) AS has_pass,
    CASE WHEN f.reasons & {int(Reason.SETTLED)} <> 0 THEN {SETTLED} ELSE {own("f")} END AS reasons
  FROM found f LEFT JOIN tracking_agent a ON a.id = f.agent_id LEFT JOIN tracking_network n ON n.id = f.network_id {marks_of("f")}
),
-- Which seconds saw every link of a message within some seconds around. By whole seconds, so that a flood is no more work.
tick AS (
  SELECT DISTINCT contact_id, message_id, subject_id, date_trunc('second', at) AS at
  FROM fact WHERE is_click AND NOT is_hidden AND message_id IS NOT NULL
), many AS (
  SELECT contact_id, message_id, min(subject_id) AS subject_id, array_agg(at) AS ats, array_agg(subject_id) AS subjects
  FROM tick GROUP BY 1, 2 HAVING count(DISTINCT subject_id) >= {FEWEST_LINKS}
), every_link AS (
  SELECT m.contact_id, m.message_id, t.at FROM many m CROSS JOIN LATERAL (
    SELECT s.at, count(DISTINCT o.subject_id) AS clicked FROM (SELECT DISTINCT at FROM unnest(m.ats) s(at)) s
    JOIN unnest(m.ats, m.subjects) AS o(at, subject_id) ON o.at BETWEEN s.at - {_seconds(EVERY_WITHIN)} AND s.at + {_seconds(EVERY_WITHIN)}
    GROUP BY 1 HAVING count(DISTINCT o.subject_id) >= {FEWEST_LINKS}
  ) t
  WHERE clicked >= (
    SELECT nullif(count(*), 0) FROM tracking_link l
    WHERE l.source_id = (SELECT source_id FROM tracking_link WHERE subject_id = m.subject_id) AND l.created_at < t.at
  )
),
-- Where a run of clicks on one link meets a run on another: the last click on another before, the first one after.
near AS (
  SELECT f.*, min(at) FILTER (WHERE kind IN {kinds(SENT)}) OVER ({COPY}) AS sent_at,
    max(at) FILTER (WHERE is_hidden) OVER ({COPY} ORDER BY at) AS hidden_before,
    min(at) FILTER (WHERE is_hidden) OVER ({COPY} ORDER BY at DESC) AS hidden_after,
    max(at) FILTER (WHERE is_head) OVER ({COPY}, network_id, subject_id ORDER BY at) AS head_before,
    CASE WHEN lag(subject_id) OVER w <> subject_id THEN lag(at) OVER w END AS turn_before,
    CASE WHEN lead(subject_id) OVER w <> subject_id THEN lead(at) OVER w END AS turn_after
  FROM fact f WHERE message_id IS NOT NULL WINDOW w AS ({COPY}, is_click ORDER BY at, id)
), turned AS (
  SELECT n.*, max(turn_before) OVER ({COPY}, is_click ORDER BY at, id ROWS UNBOUNDED PRECEDING) AS other_before,
    min(turn_after) OVER ({COPY}, is_click ORDER BY at DESC, id DESC ROWS UNBOUNDED PRECEDING) AS other_after
  FROM near n
), telling AS (
  SELECT t.*, reasons
    | {_bit(f"hidden_before >= at - {_seconds(HIDDEN_NEAR)} OR hidden_after <= at + {_seconds(HIDDEN_NEAR)}", Reason.HIDDEN_LINK)}
    | {_bit(f"is_click AND (other_before >= at - {_seconds(AT_ONCE)} OR other_after <= at + {_seconds(AT_ONCE)})", Reason.SEVERAL_AT_ONCE)}
    | {_bit("is_click AND (contact_id, message_id, date_trunc('second', at)) IN (SELECT contact_id, message_id, at FROM every_link)", Reason.EVERY_LINK)}
    | {_bit(ARRIVED_SOON, Reason.TOO_SOON)} | {_bit(SHOWN_SOON, Reason.PREFETCHED)}
    | {_bit(f"NOT is_head AND network_id IS NOT NULL AND head_before >= at - {_seconds(HEAD_BEFORE)}", Reason.AFTER_HEAD)} AS found
  FROM turned t WHERE kind IN {kinds(JUDGED)}
), told AS (
  SELECT t.*, max(at) FILTER (WHERE {TELLS}) OVER ({COPY}, network_id, agent_id ORDER BY at) AS told_before,
    min(at) FILTER (WHERE {TELLS}) OVER ({COPY}, network_id, agent_id ORDER BY at DESC) AS told_after
  FROM telling t
), event AS (
  SELECT id, at, kind, contact_id, network_id, agent_id, is_within, old_verdict, old_reasons,
    is_click AND NOT is_head AND is_known AS leads, false AS is_led, found | {_bit(f"is_known AND found & {int(STRONG | TELLING)} = 0 AND (told_before >= at - {_seconds(AROUND)} OR told_after <= at + {_seconds(AROUND)})", Reason.SAME_PROGRAM)} AS reasons
  FROM told
  UNION ALL
  SELECT id, at, kind, contact_id, network_id, agent_id, is_within, old_verdict, old_reasons,
    false, has_pass AND is_known AND kind IN {kinds(VISITS)}, reasons
  FROM fact WHERE message_id IS NULL AND kind IN {kinds(JUDGED)}
),
-- A visit belongs to the latest click before it of the same program; a click is confirmed by a visit before the next click.
led AS (
  SELECT e.*, max(at) FILTER (WHERE leads) OVER ({PROGRAM} ORDER BY at) AS click_at,
    max(at) FILTER (WHERE leads AND reasons & {int(STRONG)} <> 0) OVER ({PROGRAM} ORDER BY at) AS machine_at,
    min(at) FILTER (WHERE leads) OVER ({PROGRAM} ORDER BY at DESC RANGE BETWEEN UNBOUNDED PRECEDING AND interval '1 microsecond' PRECEDING) AS next_click_at
  FROM event e
), visited AS (
  SELECT id, at, kind, contact_id, network_id, agent_id, is_within, old_verdict, old_reasons, leads, next_click_at,
    {LED} AS is_led, reasons | {_bit(f"{LED} AND machine_at = click_at", Reason.LED_BY_MACHINE)} AS reasons
  FROM led
), confirmed AS (
  SELECT v.*, min(at) FILTER (
    WHERE is_led AND kind = {int(Kind.PAGE_VISITED)} AND reasons & {int(STRONG | Reason.MARKED_MACHINE)} = 0
  ) OVER ({PROGRAM} ORDER BY at DESC) AS seen_at
  FROM visited v
), judged AS (
  SELECT id, at, contact_id, old_verdict, old_reasons, CASE WHEN old_reasons & {int(Reason.SETTLED)} <> 0
      THEN (old_reasons & ~{int(MARKED_BITS)}) | (reasons & {int(MARKED_BITS)}) ELSE reasons
    | {_bit(f"leads AND seen_at <= at + {_seconds(AROUND)} AND (next_click_at IS NULL OR seen_at < next_click_at)", Reason.CONFIRMED)} END AS reasons
  FROM confirmed WHERE is_within
), different AS MATERIALIZED (
  SELECT id, at, contact_id, old_verdict, reasons, {verdict_of("reasons")} AS verdict FROM judged
  WHERE old_reasons <> reasons OR old_verdict <> {verdict_of("reasons")}
), written AS (
  UPDATE tracking_event e SET verdict = d.verdict, reasons = nullif(d.reasons, 0) FROM different d
  WHERE e.id = d.id AND e.at = d.at {{pruned}}
)
SELECT id, contact_id, old_verdict, verdict FROM different ORDER BY contact_id, id
"""
"""(id, contact, verdict before, verdict now) of events whose verdict or reasons changed."""

Changed = list[tuple[int, int, int, int]]


def judge_new(event_ids: Sequence[int], first: datetime, last: datetime) -> Changed:
    """Judge these events, which happened between two moments, with all that they bear upon. The caller holds the contacts.

    Uses the index `event_of_contact`, in the months concerned.
    """
    statement = JUDGE.format(found=NEW, pruned="AND e.at BETWEEN %(first)s - %(reach)s AND %(last)s + %(reach)s")
    values: dict[str, Any] = {"events": array(event_ids), "first": first, "last": last}
    return tuples(statement, values | {"reach": REACH, "around": timedelta(seconds=AROUND)})


def judge_all(contact_ids: Sequence[int]) -> Changed:
    """Judge all events of these contacts anew. The caller holds the contacts."""
    return tuples(JUDGE.format(found=ALL_OF_CONTACTS, pruned=""), {"contacts": array(contact_ids)})
