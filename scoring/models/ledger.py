"""The ledger: lines, holdings, adjustments; and the scores, which are their sums."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models import Contact
from contacts.wording import signed
from scoring.models.actions import PointAction, PointActionVersion
from scoring.models.groups import NO_PERIOD, PointGroup

MOST = 1_000_000  # points that one adjustment may give or take


class PointEntry(models.Model):
    """One line of the ledger: contact × action version × occurrence (object, period), with hits counted and credited.

    Its points are credited × what the version is worth, less what a cap of the group cut; nothing once expired. The day
    of a line, from which its points age and expire, is that of its first hit. Derived from events: `replay` rebuilds it
    to the same rows.
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
    cut = models.IntegerField(default=0, db_default=0)  # points that the group's cap takes from the line
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))
    expires_on = models.DateField(null=True)
    is_expired = models.BooleanField(default=False, db_default=False)  # and so taken from the score

    class Meta:
        db_table = "scoring_pointentry"
        verbose_name = _("point entry")
        verbose_name_plural = _("point entries")

    def __str__(self) -> str:
        return f"{self.version} × {self.credited}"

    @property
    def points(self) -> int:
        return 0 if self.is_expired else self.credited * self.version.worth - self.cut


class Holding(models.Model):
    """An interval in which a profile rule held for a contact; open while `until` is null.

    Its line counts from `first_at`: earlier than `since` where an earlier version held until then, so that an edit, or taking
    it back, makes no points younger.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="holdings")
    version = models.ForeignKey(PointActionVersion, models.CASCADE, related_name="holdings")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    first_at = models.DateTimeField(default=timezone.now)

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
        IMPORT = "import", pgettext_lazy("origin", "Import")
        API = "api", _("API")
        MERGE = "merge", _("Merge")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="adjustments", verbose_name=_("contact"))
    group = models.ForeignKey(PointGroup, models.PROTECT, related_name="adjustments", verbose_name=_("point group"))
    points = models.IntegerField(_("points"), validators=[MinValueValidator(-MOST), MaxValueValidator(MOST)])
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
        return f"{signed(self.points)} {self.note}"

    def clean(self) -> None:
        if self.points == 0:
            raise ValidationError({"points": _("Zero points would do nothing.")})


class ContactScore(models.Model):
    """A cache: a contact's total in a group, or overall where `group` is null. Read it through `values`, never bare.

    `score` is Σ entries + Σ adjustments of the group, before its bounds; in a group with a half-life, `forward` is the same sum
    with each line grown by 2^(days from the group's epoch / half-life), so that today's value is `forward` times one
    factor for everybody and no row is rewritten as days pass. The overall row holds the weighted sum of the groups
    without a half-life, each within its bounds.

    The overall row is the one lock of the system: whoever changes a contact's points holds it, in contact order.
    """

    # The constraint and `ranking` begin with them: every further index would be written with each movement.
    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="scores", verbose_name=_("contact"), db_index=False
    )
    group = models.ForeignKey(
        PointGroup, models.CASCADE, null=True, related_name="scores", verbose_name=_("point group"), db_index=False
    )
    score = models.DecimalField(_("score"), max_digits=20, decimal_places=2, default=0)
    forward = models.FloatField(default=0, db_default=0)
    # On overall rows: the last sweep this contact was brought up to, by its turn or by a hit that came before it.
    swept = models.BigIntegerField(default=0, db_default=0)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now)
    # On overall rows: the kinds of events that may earn this contact nothing, 0 for all; null for none (scoring.profiling).
    barred = ArrayField(models.SmallIntegerField(), null=True, editable=False)

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "group"], nulls_distinct=False, name="one_score_per_contact_and_group"
            )
        ]
        indexes = [
            models.Index(fields=["contact"], name="barred_contact", condition=Q(barred__isnull=False)),
            models.Index(fields=["group", "-score"], name="ranking", condition=Q(group__isnull=False)),
            models.Index(fields=["group", "-forward", "contact"], name="ranking_today", condition=~Q(forward=0)),
            # PostgreSQL takes no order from `ranking` for a group that is null.
            models.Index(fields=["-score", "contact"], name="ranking_overall", condition=Q(group__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.score:g}"


class Turn(models.Model):
    """A day that has been turned: what expired or faded through a threshold overnight has been seen to."""

    day = models.DateField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
