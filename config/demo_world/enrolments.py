"""Who has been through the campaign after the white paper: what the campaign would have written on those days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from campaigns.models import Attempt, Campaign, Delivery, Enrolment, Message, Step, StepRun
from config.demo_world.mailings import Sending
from config.demo_world.people import Person
from config.demo_world.world import World
from contacts.remarks import Remark
from scoring.models import Adjustment
from tracking import subjects
from tracking.hits import NewHit
from tracking.models import Kind


def remember(
    world: World, papers: Sequence[tuple[datetime, Person]], kept: Sequence[tuple[Sending, Message]]
) -> list[NewHit]:
    """Write finished enrolments for those who were sent the campaign's email; return the hits they made."""
    asked = {person.id: at for at, person in sorted(papers, key=lambda paper: paper[0], reverse=True)}
    mails = {
        sending.person.id: (sending, message) for sending, message in kept if sending.key.startswith("after_paper")
    }
    campaign: Campaign = world.campaigns["after_paper"]
    steps = list(campaign.steps.all())
    walks = [Walk(world, steps, sending, message, asked[pk]) for pk, (sending, message) in mails.items()]
    _save(world, walks)
    start, *done = [subjects.register(one.subject_type, one.pk, str(one)).pk for one in (campaign, *steps)]
    return [hit for walk in walks for hit in walk.hits(start, done)]


class Walk:
    """One contact's way through: the enrolment, its runs, and the deliveries of its actions."""

    def __init__(
        self, world: World, steps: Sequence[Step], sending: Sending, message: Message, started_at: datetime
    ) -> None:
        self.world, self.sending, self.message = world, sending, message
        self.campaign: Campaign = world.campaigns["after_paper"]
        self.steps = steps
        self.enrolment = Enrolment(
            campaign=self.campaign,
            contact=sending.person.contact,
            state=Enrolment.State.FINISHED,
            reason=Enrolment.Reason.FORM,
            note=world.forms[f"paper_{sending.person.speaks}"].name,
            position=len(self.steps),
            due_at=None,
            started_at=started_at,
            ended_at=sending.at,
        )

    def runs(self) -> list[StepRun]:
        return [
            StepRun(
                enrolment=self.enrolment,
                step=step,
                outcome=self._outcome(step),
                at=self.enrolment.started_at if step.type == "wait" else self.sending.at,
            )
            for step in self.steps
        ]

    def _is_left_out(self, step: Step) -> bool:
        email = self.world.emails[self.sending.key].pk
        return step.type == "send_email" and step.params["email"] != email

    def _outcome(self, step: Step) -> str:
        if self._is_left_out(step):
            return Remark(_("Left out by the condition before."))
        if step.type == "condition":
            speaks: str = step.params["conditions"]["value"]
            return Remark(_("Met.") if speaks == self.sending.person.speaks else _("Not met."))
        return ""

    def delivery(self, run: StepRun) -> Delivery | None:
        if run.step.type not in ("send_email", "add_points") or self._is_left_out(run.step):
            return None
        return Delivery(
            step_run=run,
            contact=self.sending.person.contact,
            type=run.step.type,
            params=run.step.params,
            state=Delivery.State.SENT,
            not_before=self.sending.at,
            attempt_count=1,
            outcome=Remark(_("Sent to %(address)s."), address=self.message.recipient)
            if "email" in run.step.params
            else "",
            created_at=self.sending.at,
            done_at=self.sending.at,
        )

    def hits(self, start: int, done: Sequence[int]) -> list[NewHit]:
        contact_id = self.sending.person.id
        begun = NewHit(
            kind=Kind.CAMPAIGN_STARTED, at=self.enrolment.started_at, contact_id=contact_id, subject_id=start
        )
        reached = [pk for step, pk in zip(self.steps, done, strict=True) if not self._is_left_out(step)]
        return [
            begun,
            *(
                NewHit(kind=Kind.CAMPAIGN_STEP, at=self.sending.at, contact_id=contact_id, subject_id=pk)
                for pk in reached
            ),
        ]


def _save(world: World, walks: Sequence[Walk]) -> None:
    Enrolment.objects.bulk_create(walk.enrolment for walk in walks)
    made = [(walk, run) for walk in walks for run in walk.runs()]
    StepRun.objects.bulk_create(run for _walk, run in made)
    done = [(walk, delivery) for walk, run in made if (delivery := walk.delivery(run))]
    Delivery.objects.bulk_create(delivery for _walk, delivery in done)
    Attempt.objects.bulk_create(
        Attempt(
            delivery=delivery,
            number=1,
            started_at=delivery.created_at,
            finished_at=delivery.done_at,
            succeeded=True,
            detail=delivery.outcome,
        )
        for _walk, delivery in done
    )
    for walk, delivery in done:
        if delivery.type == "send_email":
            walk.message.delivery = delivery
    Message.objects.bulk_update([walk.message for walk in walks], ["delivery"], batch_size=200)
    Adjustment.objects.bulk_create(
        _points(world, walk, delivery) for walk, delivery in done if delivery.type == "add_points"
    )


def _points(world: World, walk: Walk, delivery: Delivery) -> Adjustment:
    return Adjustment(
        contact_id=walk.sending.person.id,
        group_id=delivery.params["group"],
        points=delivery.params["points"],
        origin=Adjustment.Origin.CAMPAIGN,
        note=walk.campaign.name,
        key=delivery.key,
        at=walk.sending.at,
    )
