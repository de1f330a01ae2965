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
from tracking.verdicts.reasons import CLICKS, JUDGED, SENT, STRONG, TELLING, VISITS, Reason, Sign, verdict_of
from tracking.verdicts.reasons import MARKED as MARKED_BITS

AROUND = 60  # seconds that a program's behaviour tells about it, and within which a page follows its click
AT_ONCE = 1  # within which nobody clicks two links
HEAD_BEFORE = 10
HIDDEN_NEAR = 10  # around a click on the hidden link, whoever it came from
EVERY_WITHIN = 20
FEWEST_LINKS = 3  # of a message whose every link was clicked
BEFORE_SENT, AFTER_SENT = (
    30,
    3,
)  # around the delivery: gateways look while they take a mail in, before we know they have it
PREFETCH_AFTER_SENT = 10  # by Gmail, for somebody who has it open
REACH = timedelta(seconds=3 * AROUND)  # a click, the visits it led to, the click that led to those

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
), found AS (
  SELECT x.*, x.at BETWEEN s.since + %(around)s AND s.until - %(around)s AS is_within FROM span s CROSS JOIN LATERAL (
    SELECT * FROM tracking_event e WHERE e.contact_id = s.contact_id AND e.at BETWEEN s.since AND s.until
      AND e.at BETWEEN %(first)s - %(reach)s AND %(last)s + %(reach)s AND e.kind IN {kinds((*JUDGED, *SENT))} OFFSET 0
  ) x WHERE x.message_id IS NOT NULL OR x.signs & {int(Sign.PASS)} <> 0
  UNION ALL
  SELECT e.*, true FROM tracking_event e WHERE e.at BETWEEN %(first)s AND %(last)s
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


MESSAGE = "PARTITION BY contact_id, message_id"
PROGRAM = "PARTITION BY contact_id, network_id, agent_id"

JUDGE = f"""
WITH {MARKS}, {{found}},
fact AS MATERIALIZED (
  SELECT f.id, f.at, f.kind, f.contact_id, f.message_id, f.subject_id, f.agent_id, f.network_id, f.is_within,
    f.verdict AS old_verdict, coalesce(f.reasons, 0) AS old_reasons,
    f.kind IN {kinds(CLICKS)} AS is_click, f.kind IN {kinds(VISITS)} AND f.signs & {int(Sign.PASS)} <> 0 AS is_led,
    coalesce(f.signs & {int(Sign.HEAD)} <> 0, false) AS is_head, coalesce(f.subject_id = {HIDDEN}, false) AS is_hidden,
    f.agent_id IS NOT NULL AND f.network_id IS NOT NULL AS is_known, {own("f")} AS reasons
  FROM found f LEFT JOIN tracking_agent a ON a.id = f.agent_id LEFT JOIN tracking_network n ON n.id = f.network_id {
    marks_of("f")
}
),
-- When another link of the message was clicked last before, and next after: where one link's run of clicks meets another's.
run AS (
  SELECT id, contact_id, message_id, at, CASE WHEN lag(subject_id) OVER w <> subject_id THEN lag(at) OVER w END AS other_before,
    CASE WHEN lead(subject_id) OVER w <> subject_id THEN lead(at) OVER w END AS other_after
  FROM fact WHERE is_click AND message_id IS NOT NULL WINDOW w AS ({MESSAGE} ORDER BY at, id)
), several AS (
  SELECT id FROM (
    SELECT id, at, max(other_before) OVER ({MESSAGE} ORDER BY at, id ROWS UNBOUNDED PRECEDING) AS before,
      min(other_after) OVER ({MESSAGE} ORDER BY at DESC, id DESC ROWS UNBOUNDED PRECEDING) AS after
    FROM run
  ) r WHERE before >= at - {_seconds(AT_ONCE)} OR after <= at + {_seconds(AT_ONCE)}
),
-- By whole seconds, so that a flood of clicks is no more work than one a second.
tick AS (
  SELECT DISTINCT contact_id, message_id, subject_id, date_trunc('second', at) AS at
  FROM fact WHERE is_click AND NOT is_hidden AND message_id IS NOT NULL
), many AS (
  SELECT contact_id, message_id, l.source_id FROM (
    SELECT contact_id, message_id, min(subject_id) AS subject_id FROM tick GROUP BY 1, 2 HAVING count(DISTINCT subject_id) >= {
    FEWEST_LINKS
}
  ) t JOIN tracking_link l ON l.subject_id = t.subject_id
), every_link AS (
  SELECT contact_id, message_id, at FROM (
    SELECT m.source_id, t.contact_id, t.message_id, t.at, count(DISTINCT o.subject_id) AS clicked
    FROM many m JOIN (SELECT DISTINCT contact_id, message_id, at FROM tick) t USING (contact_id, message_id) JOIN tick o USING (contact_id, message_id)
    WHERE o.at BETWEEN t.at - {_seconds(EVERY_WITHIN)} AND t.at + {_seconds(EVERY_WITHIN)} GROUP BY 1, 2, 3, 4
  ) c WHERE clicked >= {FEWEST_LINKS} AND clicked >= (SELECT count(*) FROM tracking_link l WHERE l.source_id = c.source_id AND l.created_at < c.at)
),
near AS (
  SELECT f.*, min(at) FILTER (WHERE kind IN {kinds(SENT)}) OVER ({MESSAGE}) AS sent_at,
    max(at) FILTER (WHERE is_hidden) OVER ({MESSAGE} ORDER BY at) AS hidden_before,
    min(at) FILTER (WHERE is_hidden) OVER ({MESSAGE} ORDER BY at DESC) AS hidden_after,
    max(at) FILTER (WHERE is_head) OVER ({MESSAGE}, network_id, subject_id ORDER BY at) AS head_before
  FROM fact f WHERE message_id IS NOT NULL
), telling AS MATERIALIZED (
  SELECT n.*, n.reasons
    | {
    _bit(
        f"hidden_before >= at - {_seconds(HIDDEN_NEAR)} OR hidden_after <= at + {_seconds(HIDDEN_NEAR)}",
        Reason.HIDDEN_LINK,
    )
}
    | {_bit("EXISTS (SELECT FROM several s WHERE s.id = n.id)", Reason.SEVERAL_AT_ONCE)}
    | {
    _bit(
        "is_click AND (contact_id, message_id, date_trunc('second', at)) IN (SELECT contact_id, message_id, at FROM every_link)",
        Reason.EVERY_LINK,
    )
}
    | {
    _bit(
        f"at BETWEEN sent_at - {_seconds(BEFORE_SENT)} AND sent_at + {_seconds(AFTER_SENT)} AND n.reasons & {int(Reason.IMAGE_PROXY)} = 0",
        Reason.TOO_SOON,
    )
}
    | {
    _bit(
        f"at BETWEEN sent_at - {_seconds(BEFORE_SENT)} AND sent_at + {_seconds(PREFETCH_AFTER_SENT)} AND n.reasons & {int(Reason.IMAGE_PROXY)} <> 0",
        Reason.PREFETCHED,
    )
}
    | {
    _bit(f"NOT is_head AND network_id IS NOT NULL AND head_before >= at - {_seconds(HEAD_BEFORE)}", Reason.AFTER_HEAD)
} AS found
  FROM near n WHERE kind IN {kinds(JUDGED)}
), programs AS MATERIALIZED (
  SELECT id, at, kind, contact_id, message_id, agent_id, network_id, is_within, is_click, is_head, is_known, old_verdict, old_reasons, found | {
    _bit(
        f"is_known AND found & {int(STRONG)} = 0 AND (told_before >= at - {_seconds(AROUND)} OR told_after <= at + {_seconds(AROUND)})",
        Reason.SAME_PROGRAM,
    )
} AS reasons
  FROM (
    SELECT t.*, max(at) FILTER (WHERE is_click AND found & {int(TELLING)} <> 0) OVER ({
    MESSAGE
}, network_id, agent_id ORDER BY at) AS told_before,
      min(at) FILTER (WHERE is_click AND found & {int(TELLING)} <> 0) OVER ({
    MESSAGE
}, network_id, agent_id ORDER BY at DESC) AS told_after
    FROM telling t
  ) t
),
-- A visit belongs to the latest click before it of the same program.
led AS MATERIALIZED (
  SELECT * FROM (
    SELECT c.*, max(at) FILTER (WHERE is_click) OVER ({PROGRAM} ORDER BY at) AS click_at FROM (
      SELECT id, at, kind, contact_id, network_id, agent_id, true AS is_click FROM programs WHERE is_click AND NOT is_head AND is_known
      UNION ALL
      SELECT id, at, kind, contact_id, network_id, agent_id, false FROM fact WHERE is_led AND is_known
    ) c
  ) c WHERE NOT is_click AND click_at >= at - {_seconds(AROUND)}
), led_by_machine AS (
  SELECT DISTINCT l.id FROM led l JOIN programs p USING (contact_id, network_id, agent_id)
  WHERE p.at = l.click_at AND p.is_click AND NOT p.is_head AND p.reasons & {int(STRONG)} <> 0
), visits AS (
  SELECT f.id, f.at, f.kind, f.contact_id, f.is_within, f.old_verdict, f.old_reasons,
    f.reasons | {_bit("EXISTS (SELECT FROM led_by_machine m WHERE m.id = f.id)", Reason.LED_BY_MACHINE)} AS reasons
  FROM fact f WHERE f.message_id IS NULL AND f.kind IN {kinds(JUDGED)}
), confirmed AS (
  SELECT DISTINCT p.id FROM led l JOIN visits v ON v.id = l.id
  JOIN programs p ON (p.contact_id, p.network_id, p.agent_id, p.at) = (l.contact_id, l.network_id, l.agent_id, l.click_at)
  WHERE l.kind = {int(Kind.PAGE_VISITED)} AND v.reasons & {
    int(STRONG | Reason.MARKED_MACHINE)
} = 0 AND p.is_click AND NOT p.is_head
), judged AS (
  SELECT id, at, contact_id, is_within, old_verdict, old_reasons,
    reasons | {_bit("EXISTS (SELECT FROM confirmed c WHERE c.id = p.id)", Reason.CONFIRMED)} AS reasons
  FROM programs p
  UNION ALL
  SELECT id, at, contact_id, is_within, old_verdict, old_reasons, reasons FROM visits
), different AS MATERIALIZED (
  SELECT id, at, contact_id, old_verdict, reasons, {verdict_of("reasons")} AS verdict FROM judged
  WHERE is_within AND (old_reasons <> reasons OR old_verdict <> {verdict_of("reasons")})
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
