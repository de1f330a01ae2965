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

from campaigns import enrolments, notices, triggers, webinars
from contacts import holding, segments
from scoring import ledger, matching, profiles, scores, sql, sweeps
from scoring.models import Sweep
from scoring.scores import Movement
from tracking import inbox
from tracking.inbox import Happened
from tracking.verdicts import judging

logger = logging.getLogger(__name__)
BATCH = 1000
PROGRAM_LIMIT = "54"  # the class of SQLSTATEs for what is too large or too complex, an index entry say


def advance(limit: int = BATCH) -> int:
    """Carry everything that waits one step further; returns how much that was, 0 when nothing waited."""
    ids = inbox.waiting(limit)
    _make_room(ids, limit)
    touched = _turn_day(limit)
    touched += _take_hits(ids)
    for held in (False, True):
        touched += _batch(lambda held=held: _carry(inbox.take_changes(limit, held=held)))  # type: ignore[misc]
    touched += _batch(lambda: _adjust(limit))
    return touched + _batch(lambda: _sweep(limit))


def drain(limit: int = BATCH) -> None:
    """Advance until nothing waits: for loaders, commands and tests."""
    while advance(limit):
        pass


def _carry(happened: Happened, adjustments: Sequence[int] = ()) -> int:
    """From what happened to what we do about it, in the caller's transaction."""
    if not happened:
        return 0
    contacts = scores.lock(happened.contact_ids)
    _catch_up(contacts, happened.event_ids)
    matching.resolve_new()
    revised = judging.judge(happened)
    moved = ledger.award(happened.event_ids, happened.span) + ledger.replay(revised)
    moved += ledger.replay(sorted(happened.revised_ids))
    moved += profiles.hold(sorted(happened.changed_ids)) + ledger.apply(adjustments)
    _act(contacts, scores.refresh(moved), held=happened.held, own_data=bool(happened.changed_ids))
    webinars.note(happened.of(webinars.NOTED))
    notices.note(happened.of(notices.NOTED))
    enrolments.begin(happened.of(enrolments.BEGINNING))
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


def _catch_up(contacts: Sequence[int], event_ids: Sequence[int] = ()) -> None:
    """Whom a walk that is owed has not come to yet is seen to first: no live movement mixes old sums with new rules.

    The events of the batch are left to the batch.
    """
    for sweep, movements in sweeps.catch_up(contacts, event_ids):
        _act(contacts, movements, held=True, sweep=sweep)


def _act(
    contacts: Sequence[int],
    movements: Sequence[Movement],
    *,
    held: bool,
    own_data: bool = False,
    sweep: Sweep | None = None,
) -> None:
    """What follows when scores have moved, or with them the contacts' own data; what follows from held work is held, too."""
    triggers.fire(movements, held=held, publication_id=sweep.publication_id if sweep else None)
    with holding.held() if held else nullcontext():
        segments.update(contacts, own_data=own_data)


def _sweep(limit: int) -> int:
    """A range of a walk over contacts that is owed; what it crosses is held, unless a new day is all that happened."""
    if (due := sweeps.next_range(limit)) is None:
        return 0
    sweep, ids = due
    contacts = scores.lock(ids)
    for owed, movements in sweeps.bring(sweep, contacts):
        _act(contacts, movements, held=owed.day is None, sweep=owed)
    sweeps.advance(sweep, ids)
    return max(1, len(ids))


def _turn_day(limit: int) -> int:
    """What time alone does, once a day: scores that faded through a threshold, and points that expired."""
    if scores.is_new_day():
        _batch(_fade, lock=sql.own_rules)
    return _batch(lambda: _expire(limit))


def _fade() -> int:
    movements = scores.turn(triggers.levels())
    _act([movement.contact_id for movement in movements], movements, held=False)
    return len(movements)


def _expire(limit: int) -> int:
    contacts = scores.lock(ledger.expiring(limit))
    _catch_up(contacts)
    _act(contacts, scores.refresh(ledger.expire(contacts)), held=False)
    return len(contacts)


def _make_room(hit_ids: Sequence[int], limit: int) -> None:
    """Partitions for the months of what waits, each in a short transaction of its own."""
    months = inbox.waiting_months(hit_ids, limit)
    for table in ("tracking_event", ledger.TABLE):
        inbox.ensure_months(table, months)
    _in_transaction(_notice)


def _notice() -> int:
    """Walks that time alone owes. Who publishes is kept out, so that walks are seen in the order of their numbers."""
    profiles.notice_windows()
    profiles.notice_day()
    return 0


def _batch(work: Callable[[], int], lock: Callable[[], None] = sql.share_rules) -> int:
    """One transaction of background work; an error is logged and does not keep the next kind of work from going on."""
    try:
        return _in_transaction(work, lock)
    except Exception as error:
        if _is_the_database(error):
            raise
        logger.exception("a batch failed and will be tried again")
        return 0


def _is_the_database(error: Exception) -> bool:
    """Is the database away or busy, so that the same work may succeed later? A value it cannot hold is the hit's fault."""
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) and not sqlstate.startswith(PROGRAM_LIMIT)


def _in_transaction(work: Callable[[], int], lock: Callable[[], None] = sql.share_rules) -> int:
    with transaction.atomic():
        lock()
        return work()
