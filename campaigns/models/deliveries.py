"""Deliveries, their attempts, and the messages exactly as sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaigns.models.campaigns import StepRun
from campaigns.models.triggers import Firing, TriggerAction
from campaigns.registry import actions, label
from contacts.models import Channel, Contact
from contacts.remarks import RemarkField
from tracking.models import Subject


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> DeliveryQuerySet:
        return self.filter(state__in=Delivery.WAITING, not_before__lte=at)


class Delivery(models.Model):
    """One doing of one action for one contact. Claimed by conditional update, attempted outside the transaction."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        IN_FLIGHT = "in_flight", _("Under way")
        SENT = "sent", pgettext_lazy("delivery", "Done")
        RETRYING = "retrying", _("Will be tried again")
        FAILED = "failed", _("Given up")
        SKIPPED = "skipped", _("Not done")  # the person may not be contacted, or it no longer makes sense
        CANCELLED = "cancelled", _("Cancelled")

    WAITING: ClassVar[Sequence[State]] = (State.QUEUED, State.RETRYING)

    firing = models.ForeignKey(Firing, models.CASCADE, null=True, related_name="deliveries", verbose_name=_("firing"))
    trigger_action = models.ForeignKey(TriggerAction, models.SET_NULL, null=True, related_name="deliveries")
    step_run = models.OneToOneField(StepRun, models.CASCADE, null=True, related_name="delivery")
    contact = models.ForeignKey(  # nobody: colleagues are told what somebody we do not know has answered
        Contact, models.CASCADE, null=True, related_name="deliveries", verbose_name=_("contact")
    )
    type = models.CharField(_("action"), max_length=50)
    params = models.JSONField(default=dict)  # as they stood when the score crossed
    key = models.UUIDField(unique=True, default=uuid.uuid4)  # the idempotency key of every outbound request
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claimed_at = models.DateTimeField(null=True)
    outcome = RemarkField(_("outcome"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["firing", "trigger_action"], name="one_delivery_per_firing_and_action")
        ]
        indexes = [
            models.Index(fields=["not_before"], name="delivery_due", condition=Q(state__in=["queued", "retrying"])),
            models.Index(fields=["claimed_at"], name="delivery_in_flight", condition=Q(state="in_flight")),
        ]

    def __str__(self) -> str:
        return f"{label(actions, self.type)} · {self.contact or '–'}"


class Attempt(models.Model):
    """One try of a delivery: written before the I/O, completed after it."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    succeeded = models.BooleanField(_("succeeded"), null=True)
    detail = RemarkField(_("detail"), blank=True)

    class Meta:
        ordering = ["number"]
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="one_attempt_per_number")]


class Message(models.Model):
    """A mail or SMS exactly as sent. Its id travels in pixels and links, so opens and clicks lead back to it."""

    delivery = models.OneToOneField(Delivery, models.SET_NULL, null=True, related_name="message")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="messages", verbose_name=_("contact"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    subject = models.ForeignKey(
        Subject, models.PROTECT, null=True, related_name="messages"
    )  # the email or SMS it was made from
    recipient = models.CharField(_("to"), max_length=2000)  # several addresses where colleagues are told together
    sender = models.CharField(_("from"), max_length=254, blank=True)
    title = models.CharField(_("subject"), max_length=500, blank=True)
    html = models.TextField(_("HTML"), blank=True)
    text = models.TextField(_("text"), blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("sent message")
        verbose_name_plural = _("sent messages")

    def __str__(self) -> str:
        return self.title or self.text[:60]
