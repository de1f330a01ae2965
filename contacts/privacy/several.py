"""Erasing several people: asked for once, carried out some at a time, by whichever worker finds them waiting.

Scoring waits while people are erased: so as many go in one transaction as take about half a second. Every step takes the
erasures' own lock first (`tombstones.own`), so nobody is erased by two at once, and whoever wants to stop it comes next.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from contacts import sql as contacts_sql
from contacts import tombstones
from contacts.models import Erasure, ErasureRun, ToBeErased
from contacts.privacy import privacy_sql as sql
from contacts.privacy.erasure import Tally, erase_each, tidy
from contacts.privacy.tries import comes_back

MOST = 5000  # people in one run
AT_ONCE = 100  # people in one transaction
FIRST = 10  # before it is known how long they take
HOLD = 0.5  # seconds for which scoring waits, about
State = ErasureRun.State
logger = logging.getLogger(__name__)


def ask(contact_ids: Sequence[int], *, by: Any = None, reason: str = "") -> ErasureRun | None:
    """Let these people wait to be erased. `carry` does the work.

    Who waits already goes on waiting there and is not counted again. None if none of them is left to ask for.
    """
    with transaction.atomic():
        tombstones.share()  # nobody is erased between being found and waiting
        people = contacts_sql.contacts(contact_ids).order_by("pk").select_for_update(no_key=True)
        ids = list(people.values_list("pk", flat=True))
        run = ErasureRun.objects.create(by=by, reason=reason[:200])
        ToBeErased.objects.bulk_create([ToBeErased(run=run, contact_id=pk) for pk in ids], ignore_conflicts=True)
        run.total = run.waiting.count()
        if run.total:
            run.save(update_fields=["total"])
            return run
        run.delete()
        return None


def asked_before(contact_ids: Sequence[int]) -> ErasureRun | None:
    """A run in which one of these waits, the latest."""
    waiting = ToBeErased.objects.filter(contact__in=contacts_sql.one_of(contact_ids))
    return ErasureRun.objects.filter(waiting__in=waiting).order_by("-id").first()


@dataclass(frozen=True)
class Progress:
    left: int
    failed: int
    gone: int  # without this run: erased by somebody else, or the same person as another of them
    percent: int


def progress(run: ErasureRun) -> Progress:
    counts = run.waiting.aggregate(left=Count("pk", filter=Q(error="")), failed=Count("pk", filter=~Q(error="")))
    left, failed = counts["left"], counts["failed"]
    gone = max(run.total - run.erased - run.left_out - left - failed, 0)
    return Progress(left, failed, gone, (run.total - left - run.left_out) * 100 // max(run.total, 1))


def carry(seconds: float | None = None, at_once: int = AT_ONCE) -> bool:
    """Erase who waits, for some seconds if given; True if there is more to do. Safe to run twice at once, and to repeat."""
    began, count = time.monotonic(), min(FIRST, at_once)
    while True:
        before = time.monotonic()
        if not _advance(count):
            _tidy()
            return False
        now = time.monotonic()
        if seconds is not None and now - began > seconds:
            return True
        count = max(1, min(at_once, 2 * count, int(count * HOLD / (now - before))))


def stop(run: ErasureRun) -> bool:
    """Let those who still wait be; who is erased stays erased. False if nobody was waiting."""
    with transaction.atomic():
        tombstones.own()
        left, _of = run.waiting.all().delete()
        if left:
            kept = ErasureRun.objects.filter(pk=run.pk)
            kept.update(state=State.STOPPED, left_out=F("left_out") + left, finished_at=timezone.now())
        return bool(left)


def try_again(run: ErasureRun) -> bool:
    """Let those whose erasure failed wait once more; False if there are none."""
    with transaction.atomic():
        tombstones.own()
        failed = run.waiting.exclude(error="").update(error="")
        if failed:
            ErasureRun.objects.filter(pk=run.pk).update(state=State.GOING, finished_at=None)
        return bool(failed)


def _advance(count: int) -> bool:
    """So many people at most; False when nothing is left to do here."""
    if waiting_ids := _next(count):
        return _erase(waiting_ids)
    _finish()
    return False


def _next(count: int) -> list[int]:
    """Who comes next: of the smallest run, so that a few people need not wait for thousands."""
    waiting = ToBeErased.objects.filter(error="", run__state=State.GOING).order_by("run__total", "run", "pk")
    rows = list(waiting.values_list("pk", "run")[:count])
    return [pk for pk, run in rows if run == rows[0][1]]


def _erase(waiting_ids: Sequence[int]) -> bool:
    """Erase these, in one transaction if none of them fails. Who cannot be erased is noted, and the others go on.

    False if another worker is at it.
    """
    try:
        with transaction.atomic():
            return _erase_together(waiting_ids)
    except Exception as error:
        if comes_back(error):
            raise
        if len(waiting_ids) > 1:
            half = len(waiting_ids) // 2
            return _erase(waiting_ids[:half]) and _erase(waiting_ids[half:])
        logger.exception("who waits as %s could not be erased", waiting_ids[0])
        told = f"{type(error).__name__}: {error}".replace("\0", "")
    with transaction.atomic():
        tombstones.own()
        ToBeErased.objects.filter(pk__in=waiting_ids).update(error=told[:500])
        _finish()
    return True


def _erase_together(waiting_ids: Sequence[int]) -> bool:
    """Erase these of one run, in the caller's transaction; False if another worker is at it."""
    if not sql.begin_carrying():
        return False
    tombstones.own()
    waiting = ToBeErased.objects.filter(pk__in=waiting_ids).order_by("pk")
    contact_ids = dict(waiting.values_list("contact", "run"))  # without who was erased or let be, just now
    if contact_ids and (done := erase_each(list(contact_ids))):
        (run_id,) = set(contact_ids.values())
        _note(ErasureRun.objects.select_related("record", "by").get(pk=run_id), done)
    _finish()
    return True


def _note(run: ErasureRun, done: Tally) -> None:
    record = run.record or Erasure(by=run.by, reason=run.reason, people=0)
    record.people += done.people
    record.counts = dict(Counter(record.counts) + Counter(done.counts))
    record.save()
    ErasureRun.objects.filter(pk=run.pk).update(erased=F("erased") + done.people, record=record)


def _tidy() -> None:
    """What the erasures have left, unless another worker is still at them."""
    with transaction.atomic():
        if sql.begin_carrying():
            tidy()


def _finish() -> None:
    """Close the runs in which nobody waits any more."""
    waiting = ToBeErased.objects.filter(run=OuterRef("pk"), error="")
    over = ErasureRun.objects.filter(~Exists(waiting), state=State.GOING)
    over.update(state=State.DONE, finished_at=timezone.now())
