"""When a score crosses, act: triggers, their actions and versions, and the firings."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.registry import actions, label
from contacts.models import Contact
from scoring.models import CALENDAR, PointGroup, Publication


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
    active_from = models.DateTimeField(_("from"), null=True, blank=True, validators=CALENDAR)
    active_until = models.DateTimeField(_("until"), null=True, blank=True, validators=CALENDAR)
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
        OUTDATED = "outdated", _("No longer true")  # when it was released, or taken back; may fire at a later crossing
        MARKED = "marked", _("Already above")  # when the trigger was switched on

    trigger = models.ForeignKey(Trigger, models.PROTECT, related_name="firings", verbose_name=_("trigger"))
    version = models.ForeignKey(TriggerVersion, models.PROTECT, null=True, related_name="firings")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="firings", verbose_name=_("contact"))
    cycle = models.PositiveIntegerField(_("cycle"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.FIRED)
    before = models.DecimalField(_("score before"), max_digits=20, decimal_places=2)
    after = models.DecimalField(_("score after"), max_digits=20, decimal_places=2)
    at = models.DateTimeField(_("when"), default=timezone.now)
    rearmed_at = models.DateTimeField(_("re-armed"), null=True)
    # The publication whose re-scoring made the score cross.
    publication = models.ForeignKey(
        Publication, models.SET_NULL, null=True, related_name="firings", verbose_name=_("publication")
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("firing")
        verbose_name_plural = _("firings")
        constraints = [models.UniqueConstraint(fields=["trigger", "contact", "cycle"], name="one_firing_per_cycle")]

    def __str__(self) -> str:
        return f"{self.trigger} · {self.contact}"
