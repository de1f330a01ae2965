"""What it is worth: groups, the marketer's rules and their versions, the ledger, the scores."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from tracking.models import Form, Subject

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)
NO_PERIOD = date(1, 1, 1)  # the period of a policy that has none ("once")


class PointGroup(models.Model):
    """A dimension of scoring with a score of its own; the overall score is the weighted sum of the groups."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.TextField(_("description"), blank=True)
    weight = models.DecimalField(
        _("weight"), max_digits=6, decimal_places=2, default=1, help_text=_("In the overall score. 0 leaves it out.")
    )
    color = models.CharField(_("color"), max_length=7, default="#2563eb")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    half_life_days = models.PositiveIntegerField(null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("point group")
        verbose_name_plural = _("point groups")
        constraints = [models.CheckConstraint(condition=Q(weight__gte=0), name="weight_is_not_negative")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            MinValueValidator(0)(self.weight)
        except ValidationError as error:
            raise ValidationError({"weight": error}) from None


class Repeat(models.TextChoices):
    """The repeat policy: how the occurrence key of a line is made."""

    ONCE = "once", _("Once per contact")
    ONCE_PER_OBJECT = "object", _("Once per object")
    DAILY = "day", _("Once a day")
    WEEKLY = "week", _("Once a week")
    MONTHLY = "month", _("Once a month")
    ALWAYS = "always", _("Every time")


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
    active_from = models.DateTimeField(_("from"), null=True, blank=True)
    active_until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        abstract = True


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


class PointActionVersion(Rule):
    """A point action as it stood for events between `valid_from` and `valid_until`. Immutable but for its end."""

    action = models.ForeignKey(PointAction, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    name = models.CharField(_("name"), max_length=150)
    kind = models.PositiveSmallIntegerField(null=True)  # of the events it reads; null for profile rules
    cap = models.PositiveIntegerField(null=True)  # credits per occurrence; null: no limit
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


class PointEntry(models.Model):
    """One line of the ledger: contact × action version × occurrence (object, period), with hits counted and credited.

    Its points are credited × the version's points. Derived from events: `replay` rebuilds it to the same rows.
    Partitioned by month of `period` (migration `partition_ledger`); the database's key is `one_entry_per_occurrence`.
    """

    contact = models.ForeignKey(
        Contact, models.DO_NOTHING, db_constraint=False, related_name="entries", verbose_name=_("contact")
    )
    action = models.ForeignKey(
        PointAction, models.DO_NOTHING, db_constraint=False, related_name="entries", verbose_name=_("point action")
    )
    version = models.ForeignKey(
        PointActionVersion, models.DO_NOTHING, db_constraint=False, related_name="entries", verbose_name=_("version")
    )
    object_id = models.BigIntegerField(default=0)  # the Subject it was earned on; 0 where the policy has no object
    period = models.DateField(_("period"), default=NO_PERIOD)
    hits = models.IntegerField(_("hits"))
    credited = models.IntegerField(_("credited"))
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))

    class Meta:
        db_table = "scoring_pointentry"
        verbose_name = _("point entry")
        verbose_name_plural = _("point entries")

    def __str__(self) -> str:
        return f"{self.version} × {self.credited}"

    @property
    def points(self) -> int:
        return self.credited * self.version.points


class Holding(models.Model):
    """An interval in which a profile rule held for a contact; open while `until` is null."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="holdings")
    version = models.ForeignKey(PointActionVersion, models.CASCADE, related_name="holdings")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "version"],
                condition=Q(until__isnull=True),
                name="one_open_holding_per_contact_and_version",
            )
        ]


class Adjustment(models.Model):
    """Points given or taken outside the rules: append-only, with author and note. `key` makes repeating it harmless."""

    class Origin(models.TextChoices):
        MANUAL = "manual", _("By hand")
        CAMPAIGN = "campaign", _("Campaign")
        IMPORT = "import", _("Import")
        API = "api", _("API")
        MERGE = "merge", _("Merge")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="adjustments", verbose_name=_("contact"))
    group = models.ForeignKey(PointGroup, models.PROTECT, related_name="adjustments", verbose_name=_("point group"))
    points = models.IntegerField(_("points"))
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.MANUAL)
    note = models.CharField(_("note"), max_length=300)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(_("when"), default=timezone.now)
    applied_at = models.DateTimeField(null=True, editable=False)  # null until the pipeline has added it to the score

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        constraints = [models.CheckConstraint(condition=~Q(points=0), name="adjustment_is_not_zero")]
        indexes = [models.Index(fields=["id"], name="adjustment_waiting", condition=Q(applied_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.note}"

    def clean(self) -> None:
        if self.points == 0:
            raise ValidationError({"points": _("Zero points would do nothing.")})


class ContactScore(models.Model):
    """A cache: a contact's total in a group, or overall where `group` is null. Σ entries + Σ adjustments, always.

    The overall row is the one lock of the system: whoever changes a contact's points holds it, in contact order.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="scores", verbose_name=_("contact"))
    group = models.ForeignKey(
        PointGroup, models.CASCADE, null=True, related_name="scores", verbose_name=_("point group")
    )
    score = models.DecimalField(_("score"), max_digits=14, decimal_places=2, default=0)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now)

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "group"], nulls_distinct=False, name="one_score_per_contact_and_group"
            )
        ]
        indexes = [models.Index(fields=["group", "-score"], name="ranking")]

    def __str__(self) -> str:
        return f"{self.score:g}"


class Sweep(models.Model):
    """A walk over all contacts that is owed because a profile rule or a weight changed; done in ranges, resumable.

    Scores it moves across a threshold are held, unless a new day is all that happened: re-scoring never acts on a crowd by
    surprise.
    """

    reason = models.CharField(_("reason"), max_length=200)
    # Owed by nothing but the turn of this day: then what it crosses acts, as what happens does.
    day = models.DateField(null=True, unique=True, editable=False)
    next_id = models.BigIntegerField(default=0)  # contacts below have been seen
    seen = models.PositiveIntegerField(_("contacts seen"), default=0)
    created_at = models.DateTimeField(_("asked for"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("re-scoring")
        verbose_name_plural = _("re-scorings")

    def __str__(self) -> str:
        return self.reason


class Leaderboard(models.Model):
    """A question on a page: who is first in this group, among these contacts?"""

    name = models.CharField(_("name"), max_length=150)
    question = models.CharField(_("question"), max_length=300, blank=True)
    group = models.ForeignKey(
        PointGroup, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("score")
    )
    conditions = models.JSONField(_("who"), default=dict, blank=True)
    size = models.PositiveSmallIntegerField(_("how many"), default=20)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("leaderboard")
        verbose_name_plural = _("leaderboards")

    def __str__(self) -> str:
        return self.name
