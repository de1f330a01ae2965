"""Judging: the verdicts of what is new, and of what it throws another light on. The only module that changes one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from contacts import clock
from tracking import daysums
from tracking.inbox import Happened
from tracking.models import Verdict
from tracking.verdicts import judging_sql
from tracking.verdicts.judging_sql import Changed
from tracking.verdicts.reasons import JUDGED, SENT


def judge(happened: Happened) -> list[int]:
    """Judge what happened, before it is awarded; the contacts of whose earlier events some earn now, or earn no more.

    Their lines must be replayed. A verdict is a function of stored facts: repeating changes nothing, and neither order nor
    batching matters. The caller holds the score lock of these contacts.
    """
    new = happened.of((*JUDGED, *SENT))
    if not new or happened.span is None:
        return []
    first, last = happened.span
    return _revised(judging_sql.judge_new(new, first, last), first - judging_sql.REACH, new)


def judge_contacts(contact_ids: Sequence[int]) -> list[int]:
    """Judge all events of these contacts anew; those of them whose lines must be replayed.

    For who was marked, merged or split. The caller holds their score lock.
    """
    return _revised(changes(contact_ids), clock.EARLIEST)


def changes(contact_ids: Sequence[int]) -> Changed:
    """The same, and what changed: (event, contact, verdict before, verdict now)."""
    return judging_sql.judge_all(contact_ids) if contact_ids else []


def _revised(changed: Changed, first: datetime, without: Sequence[int] = ()) -> list[int]:
    new, turned = set(without), [(pk, contact) for pk, contact, was, now in changed if _earns(was) != _earns(now)]
    daysums.note([pk for pk, _contact in turned], first)
    return sorted({contact for pk, contact in turned if pk not in new})


def _earns(verdict: int) -> bool:
    """What scoring.sql.fragments.COUNTED counts."""
    return verdict < Verdict.PROXY
