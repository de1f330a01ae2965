"""Campaigns' part of a person's data: what was sent to them, and what their scores set off."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns import merging_sql
from campaigns.models import Attempt, Delivery, Enrolment, Firing, Message, Registration, StepRun
from contacts.privacy import Column, Part, Person, Section, columns_of, naming, parts
from contacts.privacy.parts import Erasing

NAMING = ("recipient", "title", "text", "html")  # columns of a message


@parts.register
class Automation(Part):
    """A sent message stays as the fact that one was sent, without its words and its recipient: statistics count it."""

    key = "campaigns"
    position = 30
    lock_position = 20
    covers = frozenset(
        f"campaigns.{model.__name__}"
        for model in (Firing, Delivery, Attempt, Message, Enrolment, StepRun, Registration)
    )
    keeps = frozenset({"campaigns.Message"})

    def sections(self, person: Person) -> Iterator[Section]:
        ids = person.ids
        messages = Message.objects.filter(contact__in=ids).order_by("pk")
        columns = columns_of(Message, "id", "channel", "recipient", "sender", "title", "text", "html", "sent_at")
        columns["id"] = Column(_("number"), lambda row: row.pk)
        columns["html"] = Column(_("HTML"), lambda row: row.html, lambda row: "")  # the page shows its text
        yield Section("messages", _("Messages as they were sent"), columns, messages, ["campaigns.Message"])
        deliveries = Delivery.objects.filter(contact__in=ids).order_by("pk")
        columns = columns_of(Delivery, "type", "state", "outcome", "created_at", "done_at", "params")
        columns = {name: Column(LABELS[name], columns[name].value, columns[name].shown) for name in columns}
        title = _("What was done because of your score or a campaign")
        yield Section("deliveries", title, columns, deliveries, ["campaigns.Delivery"])
        tries = Attempt.objects.filter(delivery__contact__in=ids).order_by("pk")
        columns = {
            "delivery": Column(_("what"), lambda row: row.delivery_id),
            "number": Column(_("try"), lambda row: row.number),
            "started_at": Column(_("when"), lambda row: row.started_at),
            "succeeded": Column(_("succeeded"), lambda row: row.succeeded),
            "detail": Column(_("details"), lambda row: row.detail),
        }
        yield Section("attempts", _("Tries of these"), columns, tries, ["campaigns.Attempt"])
        fired = Firing.objects.filter(contact__in=ids).select_related("trigger").order_by("pk")
        columns = columns_of(Firing, "trigger", "state", "before", "after", "at")
        yield Section("firings", _("Thresholds your scores crossed"), columns, fired, ["campaigns.Firing"])
        enrolled = Enrolment.objects.filter(contact__in=ids).select_related("campaign").order_by("pk")
        columns = columns_of(Enrolment, "campaign", "state", "reason", "note", "started_at", "ended_at")
        yield Section("campaigns", _("Campaigns you were in"), columns, enrolled, ["campaigns.Enrolment"])
        steps = StepRun.objects.filter(enrolment__contact__in=ids).select_related("step__campaign").order_by("pk")
        columns = {
            "campaign": Column(_("campaign"), lambda row: row.step.campaign.name),
            "step": Column(_("step"), lambda row: row.step.type),
            "outcome": Column(_("outcome"), lambda row: row.outcome),
            "at": Column(_("when"), lambda row: row.at),
        }
        yield Section("campaign_steps", _("Steps of these campaigns"), columns, steps, ["campaigns.StepRun"])
        seats = Registration.objects.filter(contact__in=ids).select_related("webinar").order_by("pk")
        columns = {
            "webinar": Column(_("webinar"), lambda row: row.webinar.name),
            "registered_at": Column(_("registered"), lambda row: row.registered_at),
            "attended_at": Column(_("attended"), lambda row: row.attended_at),
            "missed_at": Column(_("missed"), lambda row: row.missed_at),
        }
        yield Section("webinars", _("Webinars"), columns, seats, ["campaigns.Registration"])

    def lock(self, ids: Sequence[int]) -> None:
        merging_sql.lock_deliveries(ids)

    def erase(self, erasing: Erasing) -> None:
        """Also what colleagues were told of them, in mails that are about nobody in particular."""
        theirs = Q(contact__in=erasing.ids)
        # In HTML an address may be written in another way.
        written = sorted({*erasing.emails, *map(html.escape, erasing.emails)})
        theirs |= Q(pk__in=naming("campaigns_message", NAMING, written, "contact_id IS NULL"))
        blank: dict[str, Any] = {"contact": None, "recipient": "", "title": "", "html": "", "text": "", "headers": {}}
        erasing.note("campaigns.Message", Message.objects.filter(theirs).update(**blank))


LABELS = {
    "type": _("what"),
    "state": _("state"),
    "outcome": _("outcome"),
    "created_at": _("created"),
    "done_at": _("done"),
    "params": _("details"),
}
