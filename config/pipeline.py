"""The product on one screen: what happened becomes points, points become scores, scores that cross become actions.

Each batch is one transaction. If it fails anywhere, it is as if it had not begun: its rows wait as before. Where one row,
or one contact, is what makes it fail, that one is set aside, and the rest go on (`scoring.set_aside`).
Several workers may run at once; each takes rows the others have not, and the contacts' score rows keep them apart.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

from django.db import transaction

from campaigns import enrolments, notices, publishing, triggers, webinars
from config import garbage
from contacts import holding, segments
from scoring import ledger, matching, profiles, ranges, scores, set_aside, sql, sweeps
from scoring.models import Sweep
from scoring.scores import Movement
from scoring.set_aside import Work
from tracking import inbox
from tracking.inbox import Happened
from tracking.verdicts import judging

logger = logging.getLogger(__name__)
BATCH = 1000


@garbage.left_alone()
def advance(limit: int = BATCH) -> int:
    """Carry everything that waits one step further; returns how much that was, 0 when nothing waited."""
    hits, aside = inbox.waiting(limit), set_aside.known([Work.CHANGE, Work.ADJUSTMENT, Work.EXPIRY])
    _make_room(hits, limit, aside[Work.CHANGE])
    touched = _turn_day()
    touched += _each(ledger.expiring(limit, aside[Work.EXPIRY]), _expire, partial(set_aside.note, Work.EXPIRY))
    touched += _take_hits(hits)
    for held in (False, True):
        changes = inbox.waiting_changes(limit, held=held, without=aside[Work.CHANGE])
        touched += _each(changes, partial(_change, held=held), partial(set_aside.note, Work.CHANGE))
    adjustments = ledger.waiting_adjustments(limit, aside[Work.ADJUSTMENT])
    touched += _each(adjustments, _adjust, partial(set_aside.note, Work.ADJUSTMENT))
    return touched + _sweep(limit)


def drain(limit: int = BATCH) -> None:
    """Advance until nothing waits: for loaders, commands and tests."""
    while advance(limit):
        pass


def _take_hits(ids: Sequence[int]) -> int:
    return _each(ids, lambda part: _carry(inbox.take(part)), inbox.park)


def _change(ids: Sequence[int], held: bool) -> int:
    return _carry(inbox.take_changes(ids, held=held))


def _adjust(ids: Sequence[int]) -> int:
    adjustments = ledger.take_adjustments(ids)
    return _carry(Happened(contact_ids=frozenset(adjustments.values())), list(adjustments))


def _carry(happened: Happened, adjustments: Sequence[int] = ()) -> int:
    """From what happened to what we do about it, in the caller's transaction."""
    if not happened:
        return 0
    contacts = scores.lock(happened.contact_ids)
    _catch_up(contacts, happened.event_ids)
    matching.resolve_new()
    revised = judging.judge(happened)
    moved = ledger.award(happened.event_ids, happened.span)
    moved += ledger.replay(sorted({*revised, *happened.revised_ids}))
    moved += profiles.hold(sorted(happened.changed_ids)) + ledger.apply(adjustments)
    _act(contacts, scores.refresh(moved, triggers.watched()), held=happened.held, own_data=bool(happened.changed_ids))
    webinars.note(happened.of(webinars.NOTED))
    notices.note(happened.of(notices.NOTED))
    enrolments.begin(happened.of(enrolments.BEGINNING), held=happened.held)
    return max(len(contacts), happened.taken)


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


# --- what rules and days owe --------------------------------------------------------------------------------------------


def _sweep(limit: int) -> int:
    """A range of a walk over contacts that is owed."""
    while due := sweeps.next_range(limit):
        sweep, ids = due
        if not ids:
            return _in_transaction(partial(_finish, sweep))
        if touched := _each(ids, partial(_walk, sweep), partial(sweeps.leave_out, sweep=sweep)):
            return touched  # or else another worker was faster
    return 0


def _finish(sweep: Sweep) -> int:
    if sweeps.finish(sweep):
        publishing.settle(sweep.publication)
    return 1


def _walk(sweep: Sweep, ids: Sequence[int]) -> int:
    """What the walk crosses is held, unless a new day is all that happened."""
    if ids := ranges.take(sweep, ids):
        contacts = scores.lock(ids)
        _catch_up(contacts, walk=sweep)
        for brought in sweeps.bring(sweep, contacts):
            _act(brought.contact_ids, brought.movements, held=False)
        ranges.advance(sweep, ids)
    return len(ids)


def _catch_up(contacts: Sequence[int], event_ids: Sequence[int] = (), walk: Sweep | None = None) -> None:
    """Whom a walk that is owed has not come to yet is seen to first: no live movement mixes old sums with new rules.

    The events of the batch are left to the batch.
    """
    if not sweeps.are_owed():
        return

    def catch_up(part: Sequence[int]) -> int:
        for brought in sweeps.catch_up(part, event_ids, walk, triggers.watched()):
            _act(brought.contact_ids, brought.movements, held=True, sweep=brought.sweep)
        return len(part)

    set_aside.each(contacts, catch_up, sweeps.leave_out)


def _turn_day() -> int:
    """What time alone does, once a day: scores that faded through a threshold."""
    return _batch(_fade, lock=sql.own_rules) if scores.is_new_day() else 0


def _fade() -> int:
    of: dict[int, list[Movement]] = defaultdict(list)
    for movement in scores.turn(triggers.levels()):
        of[movement.contact_id].append(movement)

    def act(part: Sequence[int]) -> int:
        _act(part, [movement for contact_id in part for movement in of[contact_id]], held=False)
        return len(part)

    return set_aside.each(sorted(of), act, partial(set_aside.note, Work.FADING))


def _expire(ids: Sequence[int]) -> int:
    contacts = scores.lock(ids)
    _catch_up(contacts)
    _act(contacts, scores.refresh(ledger.expire(contacts), triggers.watched()), held=False)
    return len(contacts)


def _make_room(hit_ids: Sequence[int], limit: int, without: Sequence[int] = ()) -> None:
    """Partitions for the months of what waits, each in a short transaction of its own."""
    months = inbox.waiting_months(hit_ids, limit, without)
    for table in ("tracking_event", ledger.TABLE):
        inbox.ensure_months(table, months)
    _in_transaction(_notice)


def _notice() -> int:
    """Walks that time alone owes. Who publishes is kept out, so that walks are seen in the order of their numbers."""
    profiles.notice_windows()
    profiles.notice_day()
    return 0


# --- batches ------------------------------------------------------------------------------------------------------------


def _each(ids: Sequence[int], work: Callable[[Sequence[int]], int], put: Callable[[int, str], None]) -> int:
    """The work for these as one batch; the one that breaks it is put aside."""

    def batch(part: Sequence[int]) -> int:
        sql.share_rules()
        return work(part)

    return set_aside.each(ids, batch, put)


def _batch(work: Callable[[], int], lock: Callable[[], None] = sql.share_rules) -> int:
    """One transaction of work that is nobody's; an error is logged and does not keep the rest from going on."""
    try:
        return _in_transaction(work, lock)
    except Exception as error:
        if set_aside.is_the_database(error):
            raise
        logger.exception("a batch failed and will be tried again")
        return 0


def _in_transaction(work: Callable[[], int], lock: Callable[[], None] = sql.share_rules) -> int:
    with transaction.atomic():
        lock()
        return work()
