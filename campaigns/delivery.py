"""Deliveries: claim, act, record.

    queued ──claim──► in flight ──► sent | skipped | failed
                          └──► retrying ──(not_before)──► claimed again

A claim is a conditional update: one worker gets the row, or nobody. The attempt is written before the act. Actions that only
write to our database run in the transaction that marks them sent: exactly once. Actions that talk to the world run outside
any transaction. If a worker is killed between the act and its record, nobody can know what the world saw: the sweeper frees
the row, and it is tried again with the same key and Message-ID, so that a receiver can tell. *At least once* is the honest
promise there; it is kept to "once" by receivers that look at the key.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns import sql
from campaigns.models import Attempt, Delivery
from campaigns.registry import Action, DeliveryError, Skipped, actions
from contacts import consent
from contacts.models import Purpose
from contacts.remarks import Remark

logger = logging.getLogger(__name__)
State = Delivery.State

# How long to wait after the first, second … failure that may pass. After the last one the delivery is given up.
RETRY_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
STUCK_AFTER = timedelta(minutes=10)  # above the time limit of any task: whoever claimed it is gone
AT_ONCE = 25  # deliveries one perform_due() takes
PERFORM_SECONDS = 60
AT_MOST_RINGS = 8


def ring_due(limit: int = 500) -> int:
    """Free what is stuck and ask the workers for what is due; return how many deliveries that were, at most `limit`."""
    sweep()
    due = Delivery.objects.due(timezone.now()).order_by()[:limit].count()
    for _ring in range(min(-(-due // AT_ONCE), AT_MOST_RINGS)):
        # By name: the tasks are an edge above this module. A ring that waited is worth nothing, the next tick rings again.
        current_app.send_task("campaigns.perform_due", kwargs={"limit": AT_ONCE}, expires=10, ignore_result=True)
    return due


def perform_due(limit: int = AT_ONCE) -> int:
    """Perform up to `limit` due deliveries, one claim at a time, for about a minute; return how many were claimed."""
    until = time.monotonic() + PERFORM_SECONDS
    count = 0
    while count < limit and time.monotonic() < until and (claimed := sql.claim_deliveries(1, timezone.now())):
        _perform(*claimed[0])
        count += 1
    return count


def perform(delivery_id: int) -> bool:
    """Perform this delivery if it is due and nobody else has it; return whether we did."""
    if (number := sql.claim_delivery(delivery_id, timezone.now())) is None:
        return False
    _perform(delivery_id, number)
    return True


def _perform(delivery_id: int, number: int) -> None:
    """Act on a delivery we have claimed. Whatever happens is recorded; nothing is raised."""
    relations = Delivery.objects.select_related("contact", "firing__trigger", "step_run__step__campaign")
    delivery = relations.get(pk=delivery_id)
    delivery.attempt_count = number
    attempt = Attempt.objects.create(delivery=delivery, number=number)
    try:
        if (action := actions.get(delivery.type)) is None:
            raise DeliveryError(
                Remark(_("The action “%(type)s” is not installed."), type=delivery.type), permanent=True
            )
        _act(action, delivery, attempt)
    except Skipped as reason:
        _record(delivery, attempt, State.SKIPPED, str(reason))
    except DeliveryError as error:
        _failed(delivery, attempt, error)
    except Exception as error:  # our own bug or the database's trouble: kept with the row, tried again, never lost
        logger.exception("delivery %s", delivery_id)
        _failed(delivery, attempt, DeliveryError(f"{type(error).__name__}: {error}"[:2000], permanent=False))


def _act(action: Action, delivery: Delivery, attempt: Attempt) -> None:
    who = delivery.contact_id if delivery.firing_id else None
    if who and not consent.allowed(Purpose.PROFILING, [who]):
        raise Skipped(Remark(_("The contact does not allow profiling (any more): their score causes nothing.")))
    if action.external:
        outcome = action.perform(delivery, delivery.params)
        _record(delivery, attempt, State.SENT, outcome)
        return
    with transaction.atomic():
        # Marked first: a claim that was swept meanwhile holds the row no more, and the act must not happen.
        if not _mark(delivery, State.SENT, ""):
            raise Skipped(Remark(_("Another worker took it over.")))
        outcome = action.perform(delivery, delivery.params)
        Delivery.objects.filter(pk=delivery.pk).update(outcome=outcome)
        _finish(attempt, succeeded=True, detail=outcome)


# --- recording --------------------------------------------------------------------------------------------------------


def _record(delivery: Delivery, attempt: Attempt, state: Delivery.State, outcome: str) -> None:
    with transaction.atomic():
        _finish(attempt, succeeded=state == State.SENT, detail=outcome)
        if _mark(delivery, state, outcome) and state == State.SENT and (action := actions.get(delivery.type)):
            action.sent(delivery)


def _failed(delivery: Delivery, attempt: Attempt, error: DeliveryError) -> None:
    """Retry later, or give up: what is permanent at once, everything else when the schedule is used up."""
    with transaction.atomic():
        _finish(attempt, succeeded=False, detail=str(error))
        wait = None if error.permanent else retry_after(delivery.attempt_count)
        if wait is None:
            _mark(delivery, State.FAILED, str(error))
        else:
            _mark(delivery, State.RETRYING, str(error), not_before=timezone.now() + wait)


def retry_after(attempts: int) -> timedelta | None:
    """How long to wait after this many failed attempts; None: no more."""
    return RETRY_AFTER[attempts - 1] if 1 <= attempts <= len(RETRY_AFTER) else None


def _mark(delivery: Delivery, state: Delivery.State, outcome: str, not_before: datetime | None = None) -> bool:
    """Write the state, if the claim is still ours: its number is the fence against a worker that was thought dead."""
    ours = Delivery.objects.filter(pk=delivery.pk, state=State.IN_FLIGHT, attempt_count=delivery.attempt_count)
    done_at = None if state == State.RETRYING else timezone.now()
    values = {"not_before": not_before} if not_before else {}
    return ours.update(state=state, outcome=outcome, done_at=done_at, **values) == 1


def _finish(attempt: Attempt, *, succeeded: bool, detail: str) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(finished_at=timezone.now(), succeeded=succeeded, detail=detail)


# --- what is stuck, and what people decide ----------------------------------------------------------------------------


def sweep(now: datetime | None = None) -> int:
    """Queue deliveries again whose worker is gone (index delivery_in_flight); return how many.

    One whose attempt had begun may have been done: it is tried again with the same key, after the usual wait, and counts
    as a failed attempt. One whose attempt never began goes back at once.
    """
    now = now or timezone.now()
    count = 0
    for delivery in Delivery.objects.filter(state=State.IN_FLIGHT, claimed_at__lt=now - STUCK_AFTER).order_by("pk")[
        :500
    ]:
        attempt = delivery.attempts.filter(number=delivery.attempt_count).first()
        if attempt:
            lost = Remark(_("The worker was lost; it is not known whether this went out."))
            _failed(delivery, attempt, DeliveryError(lost, permanent=False))
        else:
            _mark(delivery, State.RETRYING, delivery.outcome, not_before=now)
        count += 1
    return count


def try_again(deliveries: QuerySet[Delivery]) -> int:
    """Queue failed, skipped, cancelled or waiting deliveries for now; return how many. What was sent is left alone."""
    again = deliveries.filter(state__in=[State.FAILED, State.SKIPPED, State.CANCELLED, *Delivery.WAITING])
    return again.update(state=State.QUEUED, not_before=timezone.now(), done_at=None)


def cancel(deliveries: QuerySet[Delivery] | Iterable[Delivery]) -> int:
    """Call off deliveries that still wait; return how many. One under way cannot be called off."""
    waiting = Delivery.objects.filter(pk__in=[d.pk for d in deliveries], state__in=Delivery.WAITING)
    return waiting.update(state=State.CANCELLED, done_at=timezone.now())
