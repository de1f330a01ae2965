"""Campaigns: ordered steps, and the contacts on their way through them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.registry import label, steps
from contacts.models import Contact, Segment
from contacts.remarks import RemarkField
from tracking.models import Form, OwnsSubject, Subject


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

    def subject_name(self) -> str:
        return f"{self.campaign} · {self.position + 1}"


class Enrolment(models.Model):
    """A contact's way through a campaign; `due_at` says when the next step is owed."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Under way")
        FINISHED = "finished", _("Finished")
        LEFT = "left", _("Left")
        HELD = "held", _("Waiting for release")  # caused by a publication, an import or a bulk edit
        DECLINED = "declined", _("Declined")
        OUTDATED = "outdated", _("No longer true")  # when it was released the segment had been left

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
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)  # released or declined

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "contact", "cycle"], name="one_enrolment_per_cycle"),
            models.UniqueConstraint(
                fields=["campaign", "contact"],
                condition=Q(state__in=["active", "held"]),
                name="one_open_enrolment_per_campaign",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="enrolment_due", condition=Q(state="active")),
            models.Index(fields=["campaign"], name="enrolment_held", condition=Q(state="held")),
        ]

    def __str__(self) -> str:
        return f"{self.contact} · {self.campaign}"


class StepRun(models.Model):
    """A step was done for an enrolment: the unique constraint is what does each step once."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="runs")
    step = models.ForeignKey(Step, models.CASCADE, related_name="runs")
    outcome = RemarkField(_("outcome"), blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="one_run_per_step")]
