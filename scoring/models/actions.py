"""The marketer's rules, and their versions."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scoring.models.groups import CALENDAR, END, CapPeriod, PointGroup
from tracking.models import Form, Subject


class Repeat(models.TextChoices):
    """The repeat policy: how the occurrence key of a line is made."""

    ONCE = "once", _("Once per contact")
    ONCE_PER_OBJECT = "object", _("Once per object")
    DAILY = "day", _("Once a day")
    WEEKLY = "week", _("Once a week")
    MONTHLY = "month", _("Once a month")
    ALWAYS = "always", _("Every time")


class CapUnit(models.TextChoices):
    CREDITS = "times", _("times")
    POINTS = "points", _("points")


class Rule(models.Model):
    """What a point action says: shared by the action itself (as edited now) and each of its versions (as it was)."""

    source = models.CharField(_("what earns points"), max_length=50)
    params = models.JSONField(_("filters"), default=dict, blank=True)
    points = models.IntegerField(_("points"), help_text=_("Negative takes points away."))
    group = models.ForeignKey(PointGroup, models.PROTECT, related_name="%(class)ss", verbose_name=_("point group"))
    repeat = models.CharField(
        _("repeat"),
        max_length=10,
        choices=Repeat.choices,
        default=Repeat.ONCE_PER_OBJECT,
        help_text=_("An object is what it is about: each email, link, page, form, asset or webinar."),
    )
    cap_amount = models.PositiveIntegerField(
        _("at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Left empty: no limit. Where the limit leaves a choice, what happened first counts."),
    )
    cap_unit = models.CharField(_("counted in"), max_length=6, choices=CapUnit.choices, default=CapUnit.CREDITS)
    cap_period = models.CharField(_("per"), max_length=5, choices=CapPeriod.choices, default=CapPeriod.EVER)
    cap_per_object = models.BooleanField(_("for each object on its own"), default=False)
    expires_after_days = models.PositiveIntegerField(
        _("points expire after (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Left empty: never. What has expired stays in the ledger and is worth nothing."),
    )
    active_from = models.DateTimeField(_("from"), null=True, blank=True, validators=CALENDAR)
    active_until = models.DateTimeField(_("until"), null=True, blank=True, validators=CALENDAR)

    class Meta:
        abstract = True


# What a rule says, the name apart; and the part of it that decides which hits are credited, whatever they are worth.
TERMS_OF_RULE = (
    "source",
    "params",
    "points",
    "group",
    "repeat",
    "cap_amount",
    "cap_unit",
    "cap_period",
    "cap_per_object",
    "expires_after_days",
    "active_from",
    "active_until",
)
COUNTING = tuple(name for name in TERMS_OF_RULE if name != "points")


class PointAction(Rule):
    """The marketer's rule. Saved through `rules.publish()`, which makes a version; deleting archives."""

    name = models.CharField(_("name"), max_length=150)
    description = models.TextField(_("description"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    # Set for the points a form carries itself: they are edited on the form.
    form = models.ForeignKey(
        Form, models.CASCADE, null=True, blank=True, related_name="point_actions", verbose_name=_("form")
    )
    # Whether a profile rule held anybody when last looked at: tells when its window has opened or closed.
    is_holding = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("point action")
        verbose_name_plural = _("point actions")
        constraints = [
            models.CheckConstraint(
                condition=~Q(points=0),
                name="points_are_not_zero",
                violation_error_message=_("Zero points would do nothing."),
            ),
            models.CheckConstraint(
                condition=Q(active_from__isnull=True)
                | Q(active_until__isnull=True)
                | Q(active_from__lt=models.F("active_until")),
                name="active_from_before_until",
                violation_error_message=_("The window must begin before it ends."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.refuse_archived_group()

    def refuse_archived_group(self) -> None:
        """Raise ValidationError where an archived group would be chosen; a rule that is in it already may stay."""
        if not PointGroup.objects.filter(pk=self.group_id, archived_at__isnull=False).exists():
            return
        if not PointAction.objects.filter(pk=self.pk, group=self.group_id).exists():
            sentence = _("The point group “%(name)s” is archived: bring it back first, or choose another one.")
            raise ValidationError(sentence, params={"name": self.group.name})


class PointActionVersion(Rule):
    """A point action as it stood for events between `valid_from` and `valid_until`. Immutable but for its end."""

    action = models.ForeignKey(PointAction, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    name = models.CharField(_("name"), max_length=150)
    kind = models.PositiveSmallIntegerField(null=True)  # of the events it reads; null for profile rules
    # What its lines are worth now: its own points, unless a later version re-priced the past.
    worth = models.IntegerField()
    occurrence_cap = models.PositiveIntegerField(null=True)  # credits per occurrence; null: no limit
    # Whether what its lines are credited depends on lines of other occurrences (a cap over several, a changed policy).
    is_wide = models.BooleanField(default=False)
    # The events it counts: [valid_from, valid_until), by the latest publication. Empty for drafts and for the superseded.
    valid_from = models.DateTimeField(_("in force from"))
    valid_until = models.DateTimeField(_("in force until"), default=END)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        ordering = ["action", "-number"]
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [models.UniqueConstraint(fields=["action", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.name} (v{self.number})"


class Match(models.Model):
    """This version counts events about this subject, towards this object: rules resolved against the dimension."""

    version = models.ForeignKey(PointActionVersion, models.CASCADE, related_name="matches")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="matches", db_index=False)
    object_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "version"], name="one_match_per_subject_and_version")]


class Validity(models.Model):
    """From `known_from` to `known_until` it stood that a version counts the events of an interval, at so many points.

    This is the history of the rules: `Rulebook.as_of(moment)` reads it, and rolling a publication back reopens what it
    closed. The row that is open is copied to the version itself, where scoring reads it.
    """

    version = models.ForeignKey(PointActionVersion, models.CASCADE, related_name="validities")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    worth = models.IntegerField()
    known_from = models.DateTimeField()
    known_until = models.DateTimeField(default=END)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(known_until=END), name="one_current_validity_per_version"
            )
        ]
