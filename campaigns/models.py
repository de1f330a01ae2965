"""What we do about it: triggers and what they fire, deliveries and their attempts, messages, campaigns."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.registry import actions, label, steps
from contacts.models import Channel, Contact, Segment
from scoring.models import PointGroup
from tracking import subjects
from tracking.models import Form, Subject


class OwnsSubject(models.Model):
    """Something events are about: saving it keeps its Subject's name right."""

    subject_type: Subject.Type

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        subjects.register(self.subject_type, self.pk, str(self))


# --- messages ---------------------------------------------------------------------------------------------------------


class Email(OwnsSubject):
    """A mail to send: text and HTML with personal fields such as {{ contact.first_name }}."""

    subject_type = Subject.Type.EMAIL

    name = models.CharField(_("name"), max_length=150, unique=True)
    subject_line = models.CharField(_("subject"), max_length=250)
    preheader = models.CharField(
        _("preheader"), max_length=250, blank=True, help_text=_("The line shown after the subject in an inbox.")
    )
    html = models.TextField(_("HTML"), blank=True)
    text = models.TextField(_("text"), blank=True, help_text=_("Left empty: made from the HTML."))
    from_name = models.CharField(_("sender's name"), max_length=100, blank=True)
    from_email = models.EmailField(_("sender's address"), blank=True, help_text=_("Left empty: the instance's own."))
    reply_to = models.EmailField(_("reply to"), blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("email")
        verbose_name_plural = _("emails")

    def __str__(self) -> str:
        return self.name


class Sms(OwnsSubject):
    subject_type = Subject.Type.SMS

    name = models.CharField(_("name"), max_length=150, unique=True)
    body = models.TextField(_("text"), max_length=1000, help_text=_("Links are shortened and tracked."))
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("SMS")
        verbose_name_plural = _("SMS")

    def __str__(self) -> str:
        return self.name


class Webinar(OwnsSubject):
    subject_type = Subject.Type.WEBINAR

    name = models.CharField(_("name"), max_length=150, unique=True)
    starts_at = models.DateTimeField(_("starts"))
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=60)
    url = models.URLField(_("address"), max_length=500, blank=True)
    form = models.ForeignKey(
        Form, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("registration form")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = _("webinar")
        verbose_name_plural = _("webinars")

    def __str__(self) -> str:
        return self.name


class Registration(models.Model):
    """A contact's place in a webinar, as the events say: derived, kept for lists."""

    webinar = models.ForeignKey(Webinar, models.CASCADE, related_name="registrations", verbose_name=_("webinar"))
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="registrations", verbose_name=_("contact"))
    registered_at = models.DateTimeField(_("registered"), null=True)
    attended_at = models.DateTimeField(_("attended"), null=True)
    missed_at = models.DateTimeField(_("missed"), null=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.UniqueConstraint(fields=["webinar", "contact"], name="one_registration_per_webinar_and_contact")
        ]

    def __str__(self) -> str:
        return f"{self.contact} · {self.webinar}"


def new_secret() -> str:
    return secrets.token_hex(32)


class Integration(models.Model):
    """Another system that is told about contacts by signed webhook."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.URLField(_("address"), max_length=500)
    secret = models.CharField(
        _("secret"), max_length=64, default=new_secret, help_text=_("The receiver verifies our signature with it.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    disabled_reason = models.CharField(_("disabled because"), max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")

    def __str__(self) -> str:
        return self.name


# --- triggers ---------------------------------------------------------------------------------------------------------


class TriggerQuerySet(models.QuerySet["Trigger"]):
    def active(self, at: datetime) -> TriggerQuerySet:
        """Those that act at this moment."""
        begun = Q(active_from__isnull=True) | Q(active_from__lte=at)
        not_over = Q(active_until__isnull=True) | Q(active_until__gt=at)
        return self.filter(begun, not_over, is_active=True, archived_at__isnull=True)


class Trigger(models.Model):
    """When a score crosses a threshold, act."""

    class Direction(models.TextChoices):
        RISING = "rising", _("rises to or above")
        FALLING = "falling", _("falls below")

    class Again(models.TextChoices):
        ONCE = "once", _("Once per contact")
        REARM = "rearm", _("Again, after the score has been back on the other side")

    name = models.CharField(_("name"), max_length=150)
    description = models.TextField(_("description"), blank=True)
    group = models.ForeignKey(
        PointGroup,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="triggers",
        verbose_name=_("score"),
        help_text=_("Left empty: the overall score."),
    )
    direction = models.CharField(
        _("when the score"), max_length=10, choices=Direction.choices, default=Direction.RISING
    )
    threshold = models.DecimalField(_("threshold"), max_digits=12, decimal_places=2)
    conditions = models.JSONField(_("and the contact"), default=dict, blank=True)
    again = models.CharField(_("act"), max_length=10, choices=Again.choices, default=Again.ONCE)
    rearm_at = models.DecimalField(
        _("re-arm level"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_(
            "The score must come back to this level before the trigger can act again. Left empty: the threshold itself."
        ),
    )
    active_from = models.DateTimeField(_("from"), null=True, blank=True)
    active_until = models.DateTimeField(_("until"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = TriggerQuerySet.as_manager()

    class Meta:
        ordering = ["threshold", "name"]
        verbose_name = _("trigger")
        verbose_name_plural = _("triggers")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.active_from and self.active_until and self.active_from >= self.active_until:
            raise ValidationError(_("The window must begin before it ends."))
        if self.rearm_at is not None and self.threshold is not None:
            rising = self.direction == self.Direction.RISING
            if (self.rearm_at > self.threshold) if rising else (self.rearm_at < self.threshold):
                raise ValidationError(_("The re-arm level must be on the other side of the threshold."))


class TriggerVersion(models.Model):
    """A trigger and its actions as they stood: immutable history, named by firings."""

    trigger = models.ForeignKey(Trigger, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    snapshot = models.JSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trigger", "number"], name="one_trigger_version_per_number")]


class TriggerAction(models.Model):
    trigger = models.ForeignKey(Trigger, models.CASCADE, related_name="actions")
    type = models.CharField(_("action"), max_length=50)
    params = models.JSONField(_("settings"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("trigger action")
        verbose_name_plural = _("trigger actions")

    def __str__(self) -> str:
        return label(actions, self.type)


class Firing(models.Model):
    """The score crossed. Written in the transaction that moved it; `cycle` counts re-armings."""

    class State(models.TextChoices):
        FIRED = "fired", _("Acted")
        UNMET = "unmet", _("Condition not met")  # may still fire at a later crossing
        HELD = "held", _("Waiting for release")  # caused by a backfill, an import or a bulk edit
        DECLINED = "declined", _("Declined")
        MARKED = "marked", _("Already above")  # when the trigger was switched on

    trigger = models.ForeignKey(Trigger, models.PROTECT, related_name="firings", verbose_name=_("trigger"))
    version = models.ForeignKey(TriggerVersion, models.PROTECT, null=True, related_name="firings")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="firings", verbose_name=_("contact"))
    cycle = models.PositiveIntegerField(_("cycle"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.FIRED)
    before = models.DecimalField(_("score before"), max_digits=14, decimal_places=2)
    after = models.DecimalField(_("score after"), max_digits=14, decimal_places=2)
    at = models.DateTimeField(_("when"), default=timezone.now)
    rearmed_at = models.DateTimeField(_("re-armed"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("firing")
        verbose_name_plural = _("firings")
        constraints = [models.UniqueConstraint(fields=["trigger", "contact", "cycle"], name="one_firing_per_cycle")]

    def __str__(self) -> str:
        return f"{self.trigger} · {self.contact}"


# --- campaigns --------------------------------------------------------------------------------------------------------


class Campaign(OwnsSubject):
    """An ordered list of steps a contact goes through."""

    subject_type = Subject.Type.CAMPAIGN

    name = models.CharField(_("name"), max_length=150, unique=True)
    description = models.TextField(_("description"), blank=True)
    is_active = models.BooleanField(_("active"), default=False)
    segments = models.ManyToManyField(
        Segment, blank=True, related_name="campaigns", verbose_name=_("start for who enters")
    )
    forms = models.ManyToManyField(Form, blank=True, related_name="campaigns", verbose_name=_("start for who submits"))
    leave_with_segment = models.BooleanField(_("leave when the segment is left"), default=False)
    allow_again = models.BooleanField(
        _("may be started again"), default=False, help_text=_("After the contact has finished or left it.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")

    def __str__(self) -> str:
        return self.name


class Step(OwnsSubject):
    """One step of a campaign: a type of `campaigns.steps` with its settings."""

    subject_type = Subject.Type.STEP

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="steps")
    type = models.CharField(_("step"), max_length=50)
    params = models.JSONField(_("settings"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("step")
        verbose_name_plural = _("steps")

    def __str__(self) -> str:
        return f"{self.campaign} · {self.position + 1}. {label(steps, self.type)}"


class Enrolment(models.Model):
    """A contact's way through a campaign; `due_at` says when the next step is owed."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Under way")
        FINISHED = "finished", _("Finished")
        LEFT = "left", _("Left")

    class Reason(models.TextChoices):
        SEGMENT = "segment", _("Segment")
        FORM = "form", _("Form")
        TRIGGER = "trigger", _("Trigger")
        MANUAL = "manual", _("By hand")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="enrolments", verbose_name=_("campaign"))
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="enrolments", verbose_name=_("contact"))
    cycle = models.PositiveIntegerField(_("cycle"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("steps done"), default=0)
    due_at = models.DateTimeField(_("next step"), null=True, default=timezone.now)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "contact", "cycle"], name="one_enrolment_per_cycle"),
            models.UniqueConstraint(
                fields=["campaign", "contact"], condition=Q(state="active"), name="one_active_enrolment_per_campaign"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="enrolment_due", condition=Q(state="active"))]

    def __str__(self) -> str:
        return f"{self.contact} · {self.campaign}"


class StepRun(models.Model):
    """A step was done for an enrolment: the unique constraint is what does each step once."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="runs")
    step = models.ForeignKey(Step, models.CASCADE, related_name="runs")
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="one_run_per_step")]


# --- deliveries -------------------------------------------------------------------------------------------------------


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> DeliveryQuerySet:
        return self.filter(state__in=Delivery.WAITING, not_before__lte=at)


class Delivery(models.Model):
    """One doing of one action for one contact. Claimed by conditional update, attempted outside the transaction."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        IN_FLIGHT = "in_flight", _("Under way")
        SENT = "sent", _("Done")
        RETRYING = "retrying", _("Will be tried again")
        FAILED = "failed", _("Given up")
        SKIPPED = "skipped", _("Not done")  # the person may not be contacted, or it no longer makes sense
        CANCELLED = "cancelled", _("Cancelled")

    WAITING: ClassVar[Sequence[State]] = (State.QUEUED, State.RETRYING)

    firing = models.ForeignKey(Firing, models.CASCADE, null=True, related_name="deliveries", verbose_name=_("firing"))
    trigger_action = models.ForeignKey(TriggerAction, models.SET_NULL, null=True, related_name="deliveries")
    step_run = models.OneToOneField(StepRun, models.CASCADE, null=True, related_name="delivery")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="deliveries", verbose_name=_("contact"))
    type = models.CharField(_("action"), max_length=50)
    params = models.JSONField(default=dict)  # as they stood when the score crossed
    key = models.UUIDField(unique=True, default=uuid.uuid4)  # the idempotency key of every outbound request
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claimed_at = models.DateTimeField(null=True)
    outcome = models.CharField(_("outcome"), max_length=500, blank=True)
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
        return f"{label(actions, self.type)} · {self.contact}"


class Attempt(models.Model):
    """One try of a delivery: written before the I/O, completed after it."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    succeeded = models.BooleanField(_("succeeded"), null=True)
    detail = models.TextField(_("detail"), blank=True)

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
