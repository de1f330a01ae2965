"""Enrolments: contacts on their way through campaigns, each step done once.

    event ──begin()──► Enrolment ──advance_due()──► StepRun ──► (an action's) Delivery

The next step of an enrolment is the first step in use that it has no StepRun for: so a campaign may be edited while contacts
are in it, and nothing that was done is done again. Everything is by batch: a round takes the enrolments that are due, groups
them by the step each is owed, and runs each step once for its group.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns import sql
from campaigns.decisions import Released
from campaigns.models import Campaign, Delivery, Enrolment, Step, StepRun
from campaigns.registry import Result, steps
from contacts.models import Membership
from contacts.remarks import Remark
from tracking import hits, subjects
from tracking.hits import NewHit
from tracking.models import Event, Kind, Subject

logger = logging.getLogger(__name__)
KEYS = uuid.UUID("5f1b5c1e-1d6f-4e0c-8a53-2f6f2a0d7c11")  # never change: hits and deliveries get their keys from it
RECENT = timedelta(days=7)  # history that is loaded later starts nothing
BEGINNING = frozenset({Kind.SEGMENT_ENTERED, Kind.SEGMENT_LEFT, Kind.FORM_SUBMITTED})  # events `begin` looks at
ROUNDS = 50  # steps one enrolment may take in one call
PAUSE_AFTER_ERROR = timedelta(minutes=5)
State = Enrolment.State


# --- who is enrolled --------------------------------------------------------------------------------------------------


def begin(event_ids: Sequence[int], *, held: bool = False) -> int:
    """Enrol, and let leave, whom these new events concern: segments entered and left, forms submitted.

    Returns how many were enrolled, or with `held` wait for it. The caller holds a transaction. Repeating enrols nobody twice.
    """
    campaigns = list(Campaign.objects.filter(is_active=True).prefetch_related("segments", "forms")) if event_ids else []
    if not campaigns:
        return 0
    happened: dict[tuple[int, int], set[int]] = defaultdict(set)  # (kind, segment or form) → contacts
    for kind, contact_id, form_id, data in _events(event_ids):
        about = form_id if kind == Kind.FORM_SUBMITTED else data.get("id")
        happened[kind, about or 0].add(contact_id)
    count = 0
    for campaign in campaigns if happened else ():
        for segment in campaign.segments.all():
            come = happened.get((Kind.SEGMENT_ENTERED, segment.pk), ())
            count += enrol(campaign, come, Enrolment.Reason.SEGMENT, segment.name, held=held)
            if campaign.leave_with_segment:
                _leave_with(campaign, segment.name, happened.get((Kind.SEGMENT_LEFT, segment.pk), ()))
        for form in campaign.forms.all():
            sent = happened.get((Kind.FORM_SUBMITTED, form.pk), ())
            count += enrol(campaign, sent, Enrolment.Reason.FORM, form.name, held=held)
    return count


def _events(event_ids: Sequence[int]) -> Iterable[tuple[int, int, int | None, dict[str, Any]]]:
    events = Event.objects.filter(
        pk__in=event_ids, kind__in=BEGINNING, contact__isnull=False, at__gte=timezone.now() - RECENT
    )
    return events.values_list("kind", "contact_id", "subject__ref_id", "data")


def enrol(campaign: Campaign, contact_ids: Collection[int], reason: str, note: str = "", *, held: bool = False) -> int:
    """Start the campaign for these contacts, as far as it allows; return for how many it started.

    Who is under way stays as they are; who was in it before starts again only if the campaign allows that. With `held` they
    wait for a release, unless something else starts it for them before.
    """
    if not contact_ids:
        return 0
    now = timezone.now()
    with transaction.atomic():
        new = sql.insert_enrolments(
            campaign.pk,
            sorted(contact_ids),
            reason=reason,
            note=note[:200],
            again=campaign.allow_again,
            now=now,
            held=held,
        )
        if new and not held:
            _tell_started(campaign, new, now)
    return len(new)


def _tell_started(campaign: Campaign, new: Sequence[tuple[int, int]], now: datetime) -> None:
    """An event for each of these enrolments: (id, contact)."""
    subject = subjects.register(Subject.Type.CAMPAIGN, campaign.pk, str(campaign))
    hits.record_many(
        NewHit(
            kind=Kind.CAMPAIGN_STARTED,
            key=uuid.uuid5(KEYS, f"enrolment {pk}"),
            at=now,
            contact_id=contact_id,
            subject_id=subject.pk,
        )
        for pk, contact_id in new
    )


def enrol_members(campaign: Campaign) -> int:
    """Start the campaign for everybody who is in one of its segments now; return for how many it started."""
    members = Membership.objects.filter(segment__in=campaign.segments.all(), is_member=True)
    return sum(
        enrol(
            campaign,
            members.filter(segment=segment).values_list("contact_id", flat=True),
            Enrolment.Reason.SEGMENT,
            segment.name,
        )
        for segment in campaign.segments.all()
    )


def leave(campaign: Campaign, contact_ids: Collection[int], note: str = "") -> int:
    """End the campaign for these contacts; return how many were in it. Deliveries made already go on.

    For those who wait for a release it has not begun: they need wait no more.
    """
    theirs = Enrolment.objects.filter(campaign=campaign, contact_id__in=list(contact_ids))
    values: dict[str, Any] = {"due_at": None, "ended_at": timezone.now()} | ({"note": note[:200]} if note else {})
    theirs.filter(state=State.HELD).update(state=State.OUTDATED, **values)
    return theirs.filter(state=State.ACTIVE).update(state=State.LEFT, **values)


def _leave_with(campaign: Campaign, note: str, contact_ids: Collection[int]) -> None:
    """Leave, unless another segment of the campaign still holds the contact."""
    if contact_ids:
        segments = [segment.pk for segment in campaign.segments.all()]
        kept = Membership.objects.filter(segment__in=segments, contact_id__in=contact_ids, is_member=True)
        leave(campaign, set(contact_ids) - set(kept.values_list("contact_id", flat=True)), note)


# --- who waits --------------------------------------------------------------------------------------------------------


def release(held: Iterable[Enrolment] | QuerySet[Enrolment], by: User | None) -> Released:
    """Let held enrolments begin. Who has left the segment since is noted so, and for them nothing begins.

    One that was decided already is left alone.
    """
    ids, at = [enrolment.pk for enrolment in held], timezone.now()
    by_id = by.pk if by else None
    with transaction.atomic():
        past = sql.decide_enrolments(sql.left_since(ids), state=State.OUTDATED, by=by_id, at=at)
        begun: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for pk, contact_id, campaign_id in sql.decide_enrolments(ids, state=State.ACTIVE, by=by_id, at=at):
            begun[campaign_id].append((pk, contact_id))
        for campaign in Campaign.objects.filter(pk__in=begun):
            _tell_started(campaign, begun[campaign.pk], at)
    return Released(sum(map(len, begun.values())), len(past))


def decline(held: Iterable[Enrolment] | QuerySet[Enrolment], by: User | None) -> int:
    """Decide that held enrolments shall not begin; return how many."""
    ids = [enrolment.pk for enrolment in held]
    return len(sql.decide_enrolments(ids, state=State.DECLINED, by=by.pk if by else None, at=timezone.now()))


# --- step by step -----------------------------------------------------------------------------------------------------


def advance_due(limit: int = 500) -> int:
    """Take due enrolments forward until each waits, has ended, or `ROUNDS` is over; return how many steps were done.

    Safe to run in parallel: each round locks the enrolments it takes, and others pass them by.
    """
    count = 0
    for _round in range(ROUNDS):
        if not (done := _advance(limit)):
            break
        count += done
    return count


@transaction.atomic
def _advance(limit: int) -> int:
    now = timezone.now()
    due = sql.claim_enrolments(limit, now)
    if not due:
        return 0
    enrolments = Enrolment.objects.select_related("contact", "campaign").in_bulk([row.enrolment_id for row in due])
    owed: dict[int | None, list[Enrolment]] = defaultdict(list)
    for row in due:
        owed[row.step_id].append(enrolments[row.enrolment_id])
    _finish(owed.pop(None, []), now)
    for step in Step.objects.select_related("campaign").filter(pk__in=[pk for pk in owed if pk]):
        try:
            with transaction.atomic():
                _run(step, owed[step.pk], now)
        except Exception:  # one broken step must not keep the rest from going on; it is tried again later
            logger.exception("step %s of campaign %s", step.pk, step.campaign_id)
            Enrolment.objects.filter(pk__in=[e.pk for e in owed[step.pk]]).update(due_at=now + PAUSE_AFTER_ERROR)
    return len(due)


def _run(step: Step, enrolments: Sequence[Enrolment], now: datetime) -> None:
    """Do a step for a batch: its runs, its deliveries, its events, and when each enrolment goes on."""
    type_ = steps.get(step.type)
    if type_ is None:
        results = {
            e.pk: Result(Remark(_("Left out: the step “%(type)s” is not installed."), type=step.type))
            for e in enrolments
        }
    else:
        results = type_.run(step, enrolments, now)
    runs = StepRun.objects.bulk_create(
        [StepRun(enrolment=e, step=step, outcome=results.get(e.pk, Result()).outcome, at=now) for e in enrolments]
    )
    if type_ is not None and type_.makes_delivery():
        Delivery.objects.bulk_create([_delivery(run, step) for run in runs])
    _leave_out_next(step, [e for e in enrolments if results.get(e.pk, Result()).skip_next], now)
    for enrolment in enrolments:
        result = results.get(enrolment.pk, Result())
        enrolment.position += 1
        enrolment.due_at = None if result.end else result.due_at or now
        if result.end:
            enrolment.state, enrolment.ended_at = State.FINISHED, now
    Enrolment.objects.bulk_update(enrolments, ["position", "due_at", "state", "ended_at"])
    _record(step, runs, now)


def _delivery(run: StepRun, step: Step) -> Delivery:
    contact_id = run.enrolment.contact_id
    return Delivery(
        step_run=run, contact_id=contact_id, type=step.type, params=step.params, key=uuid.uuid5(KEYS, f"run {run.pk}")
    )


def _record(step: Step, runs: Sequence[StepRun], now: datetime) -> None:
    # Named when the marketer saved it; here only found, whatever language the worker speaks.
    own = Subject(type=Subject.Type.STEP, key=str(step.pk), ref_id=step.pk, name=str(step)[:300])
    subject_id = subjects.ids([own])[own.type, own.key]
    hits.record_many(
        NewHit(
            kind=Kind.CAMPAIGN_STEP,
            key=uuid.uuid5(KEYS, f"step {run.pk}"),
            at=now,
            contact_id=run.enrolment.contact_id,
            subject_id=subject_id,
        )
        for run in runs
    )


def _leave_out_next(step: Step, enrolments: Sequence[Enrolment], now: datetime) -> None:
    if not enrolments:
        return
    in_use = list(Step.objects.filter(campaign=step.campaign_id, archived_at=None).order_by("position", "id"))
    later = [other for other in in_use if (other.position, other.pk) > (step.position, step.pk)]
    if later:
        outcome = Remark(_("Left out by the condition before."))
        StepRun.objects.bulk_create(
            [StepRun(enrolment=e, step=later[0], outcome=outcome, at=now) for e in enrolments], ignore_conflicts=True
        )


def _finish(enrolments: Sequence[Enrolment], now: datetime) -> None:
    """Nothing is owed any more: the way ends here."""
    if enrolments:
        ended = Enrolment.objects.filter(pk__in=[enrolment.pk for enrolment in enrolments])
        ended.update(state=State.FINISHED, due_at=None, ended_at=now)
