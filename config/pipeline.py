"""The product on one screen: what happened becomes points, points become scores, scores that cross become actions.

Each batch is one transaction. If it fails anywhere, it is as if it had not begun: its rows are still in the inbox.
Several workers may run at once; each takes rows the others have not, and the contacts' score rows keep them apart.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from django.db import InterfaceError, OperationalError, transaction

from campaigns import enrolments, triggers, webinars
from contacts import holding, segments
from scoring import ledger, matching, profiles, scores, sql, sweeps
from tracking import inbox
from tracking.inbox import Happened

logger = logging.getLogger(__name__)
BATCH = 1000
PROGRAM_LIMIT = "54"  # the class of SQLSTATEs for what is too large or too complex, an index entry say


def advance(limit: int = BATCH) -> int:
    """Carry everything that waits one step further; returns how much that was, 0 when nothing waited."""
    ids = inbox.waiting(limit)
    _make_room(ids, limit)
    touched = _take_hits(ids)
    for held in (False, True):
        touched += _batch(lambda held=held: _carry(inbox.take_changes(limit, held=held)))  # type: ignore[misc]
    touched += _batch(lambda: _adjust(limit))
    return touched + _batch(lambda: _sweep(limit))


def drain(limit: int = BATCH) -> None:
    """Advance until nothing waits: for loaders, commands and tests."""
    while advance(limit):
        pass


def _carry(happened: Happened, adjustments: Sequence[int] = (), *, weigh: bool = False) -> int:
    """From what happened to what we do about it, in the caller's transaction."""
    if not happened:
        return 0
    contacts = scores.lock(happened.contact_ids)
    matching.resolve_new()
    moved = ledger.award(happened.event_ids) + profiles.hold(sorted(happened.changed_ids)) + ledger.apply(adjustments)
    movements = scores.refresh(moved)
    if weigh:
        movements = scores.weigh(contacts, movements)
    triggers.fire(movements, held=happened.held)
    with holding.held() if happened.held else nullcontext():  # what follows from held changes is held, too
        segments.update(contacts)
    webinars.note(happened.event_ids)
    enrolments.begin(happened.event_ids)
    return max(len(contacts), happened.taken)


def _take_hits(ids: Sequence[int]) -> int:
    """Hits become events. One that breaks its batch is found by halving and parked; the rest go on."""
    if not ids:
        return 0
    try:
        return _in_transaction(lambda: _carry(inbox.take(ids)))
    except Exception as error:
        if _is_the_database(error):
            raise  # not the hits: everything is still in the inbox
        if len(ids) == 1:
            logger.exception("hit %s parked", ids[0])
            inbox.park(ids[0], traceback.format_exc())
            return 1
        half = len(ids) // 2
        return _take_hits(ids[:half]) + _take_hits(ids[half:])


def _adjust(limit: int) -> int:
    adjustments = ledger.waiting_adjustments(limit)
    return _carry(Happened(contact_ids=frozenset(adjustments.values())), list(adjustments))


def _sweep(limit: int) -> int:
    """A range of a walk over all contacts that is owed; what it crosses is held, unless a new day is all that happened."""
    if (due := sweeps.next_range(limit)) is None:
        return 0
    sweep, contacts = due
    everybody = frozenset(contacts)
    _carry(Happened(contact_ids=everybody, changed_ids=everybody, held=sweep.day is None), weigh=True)
    sweeps.advance(sweep, contacts)
    return max(1, len(contacts))


def _make_room(hit_ids: Sequence[int], limit: int) -> None:
    """Partitions for the months of what waits, each in a short transaction of its own."""
    months = inbox.waiting_months(hit_ids, limit)
    for table in ("tracking_event", ledger.TABLE):
        inbox.ensure_months(table, months)
    profiles.notice_windows()
    profiles.notice_day()


def _batch(work: Callable[[], int]) -> int:
    """One transaction of background work; an error is logged and does not keep the next kind of work from going on."""
    try:
        return _in_transaction(work)
    except Exception as error:
        if _is_the_database(error):
            raise
        logger.exception("a batch failed and will be tried again")
        return 0


def _is_the_database(error: Exception) -> bool:
    """Is the database away or busy, so that the same work may succeed later? A value it cannot hold is the hit's fault."""
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) and not sqlstate.startswith(PROGRAM_LIMIT)


def _in_transaction(work: Callable[[], int]) -> int:
    with transaction.atomic():
        sql.share_rules()
        return work()
