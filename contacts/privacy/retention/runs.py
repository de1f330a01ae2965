"""Runs: once a day, or when somebody asks, all kinds of data are gone through in short steps, each a transaction of its own."""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts.models import RetentionRun
from contacts.privacy.retention import policies
from contacts.privacy.retention.kinds import Due, Kind, Step, in_order, kinds
from contacts.privacy.tries import comes_back

logger = logging.getLogger(__name__)


def ask(by: Any = None) -> RetentionRun:
    """Begin a run; the one under way, if there is one. `carry` does the work."""
    try:
        with transaction.atomic():
            return RetentionRun.objects.create(by=by if getattr(by, "pk", None) else None)
    except IntegrityError:
        return going() or ask(by)


def going() -> RetentionRun | None:
    return RetentionRun.objects.filter(finished_at__isnull=True).first()


def begin_day() -> RetentionRun | None:
    """The run under way, or that of today if there was none yet; None before the day on which the first may begin."""
    if run := going():
        return run
    latest = RetentionRun.objects.order_by("-id").first()
    if latest and timezone.localtime(latest.started_at).date() >= timezone.localdate():
        return None
    return ask()


def reached(now: datetime) -> Mapping[str, datetime]:
    """By kind, up to where the latest run has seen to everything.

    On the first of a month: nowhere, since history may have come late.
    """
    if timezone.localtime(now).day == 1:
        return {}
    latest = RetentionRun.objects.filter(finished_at__isnull=False).order_by("-id").first()
    return {key: datetime.fromisoformat(at) for key, at in latest.reached.items()} if latest else {}


def first_day() -> date | None:
    """The day on which the first run may begin, where it is still to come."""
    latest = RetentionRun.objects.order_by("-id").first()
    day = timezone.localtime(latest.started_at).date() if latest else None
    return day + timedelta(days=1) if day and day > timezone.localdate() else None


def carry(run_id: int, seconds: float | None = None) -> bool:
    """Carry a run on, for some seconds if given; True if there is more to do. Safe to run twice at once, and to repeat."""
    until = None if seconds is None else time.monotonic() + seconds
    while _advance(run_id):
        if until is not None and time.monotonic() > until:
            return True
    return False


def _advance(run_id: int) -> bool:
    """One step with the note that it is done, in one transaction; False when nothing is left to do here.

    A kind that fails is noted with its error, and the others go on.
    """
    try:
        with transaction.atomic():
            return _step(run_id)
    except Exception as error:
        if comes_back(error):
            raise
        logger.exception("retention run %s failed in a step", run_id)
        told = traceback.format_exc()
    with transaction.atomic():
        run = _hold(run_id)
        if run and run.kind in kinds:
            run.errors = {**run.errors, run.kind: told[-5000:]}
            _turn_to(run, _next(kinds[run.kind]))
        return run is not None


def _step(run_id: int) -> bool:
    if (run := _hold(run_id)) is None:
        return False
    kind = kinds.get(run.kind) or _next(None)
    if kind is None:
        _turn_to(run, None)
        return False
    if run.kind != kind.key:  # noted before anything is tried: an error is that of this kind
        _turn_to(run, kind)
        return True
    done, due = _carried_out(run, kind)
    if done.count:
        run.counts = dict(Counter(run.counts) + Counter({kind.key: done.count}))
    if done.mark is not None:
        run.mark = dict(done.mark)
        run.save(update_fields=["mark", "counts"])
        return True
    if due:
        run.reached = {**run.reached, kind.key: due.before.isoformat()}
    following = _next(kind)
    _turn_to(run, following)
    return following is not None


def _carried_out(run: RetentionRun, kind: Kind) -> tuple[Step, Due | None]:
    length = policies.lengths()[kind.key]
    # Who asks wants everything looked at.
    since = None if run.by_id else reached(run.started_at).get(kind.key)
    due = policies.due(kind, length, run.started_at, since)
    return (Step(), None) if due is None or kind.is_proposed else (kind.step(due, run.mark), due)


def _hold(run_id: int) -> RetentionRun | None:
    """The run, unless it is finished or in the hands of another worker."""
    rows = RetentionRun.objects.select_for_update(skip_locked=True, no_key=True)
    return rows.filter(pk=run_id, finished_at__isnull=True).first()


def _turn_to(run: RetentionRun, kind: Kind | None) -> None:
    run.kind, run.mark = kind.key if kind else "", {}
    run.finished_at = None if kind else timezone.now()
    run.save()


def _next(kind: Kind | None) -> Kind | None:
    order = [one for one in in_order() if not one.is_proposed]
    at = order.index(kind) + 1 if kind else 0
    return order[at] if at < len(order) else None
