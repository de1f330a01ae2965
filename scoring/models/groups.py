"""Point groups: the dimensions of scoring, and the terms under which their lines are read as a score."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)
# Between these a moment has a day in every time zone.
CALENDAR = [MinValueValidator(datetime(1900, 1, 1, tzinfo=UTC)), MaxValueValidator(datetime(2200, 1, 1, tzinfo=UTC))]
NO_PERIOD = date(1, 1, 1)  # the period of a policy that has none ("once")


class CapPeriod(models.TextChoices):
    """The stretch of time over which a cap counts; it begins anew with each."""

    DAY = "day", _("a day")
    WEEK = "week", _("a week")
    MONTH = "month", _("a month")
    EVER = "ever", _("ever")


def _bound(field: str, test: str, name: str, error: Any) -> models.CheckConstraint:
    """Bounds lie on either side of zero: whoever has no line at all is within them."""
    condition = Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__{test}": 0})
    return models.CheckConstraint(condition=condition, name=name, violation_error_message=error)


class Terms(models.Model):
    """How lines are read as a score: shared by a group as edited now and each of its versions."""

    weight = models.DecimalField(
        _("weight"),
        max_digits=6,
        decimal_places=2,
        default=1,
        validators=[MinValueValidator(0), MaxValueValidator(1000)],
        help_text=_("In the overall score. 0 leaves it out."),
    )
    half_life_days = models.PositiveIntegerField(
        _("half-life in days"),
        null=True,
        blank=True,
        help_text=_("After this many days points are worth half. Left empty: points keep their worth."),
    )
    floor = models.IntegerField(
        _("lowest score"), null=True, blank=True, help_text=_("The score never shows less than this.")
    )
    ceiling = models.IntegerField(
        _("highest score"), null=True, blank=True, help_text=_("The score never shows more than this.")
    )
    cap_points = models.PositiveIntegerField(
        _("at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Points that events can bring to this group. The earliest count, whichever rule gives them."),
    )
    cap_period = models.CharField(_("in"), max_length=5, choices=CapPeriod.choices, default=CapPeriod.MONTH)

    class Meta:
        abstract = True


TERMS = ("weight", "half_life_days", "floor", "ceiling", "cap_points", "cap_period")


class PointGroup(Terms):
    """A dimension of scoring with a score of its own; the overall score is the weighted sum of the groups.

    Its terms are saved through `groups.publish()`, which keeps each as a version.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.TextField(_("description"), blank=True)
    color = models.CharField(_("color"), max_length=7, default="#2563eb")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # The day on which the forward-decayed column of the scores is worth what it says (scoring.decay).
    epoch = models.DateField(default=timezone.localdate, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("point group")
        verbose_name_plural = _("point groups")
        constraints = [
            models.CheckConstraint(condition=Q(weight__gte=0), name="weight_is_not_negative"),
            models.CheckConstraint(
                condition=Q(half_life_days__isnull=True) | Q(half_life_days__gte=1), name="half_life_is_a_day_or_more"
            ),
            _bound("floor", "lte", "floor_is_not_above_zero", _("The lowest score is zero or less.")),
            _bound("ceiling", "gte", "ceiling_is_not_below_zero", _("The highest score is zero or more.")),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for bound in (MinValueValidator(0), MaxValueValidator(1000)):
            try:
                bound(self.weight)
            except ValidationError as error:
                raise ValidationError({"weight": error}) from None
        if self.half_life_days == 0:
            raise ValidationError({"half_life_days": _("A half-life is one day or more.")})


class OverallScore(models.Model):
    """The bounds of the overall score: one row (`OverallScore.get()`)."""

    floor = models.IntegerField(
        _("lowest score"), null=True, blank=True, help_text=_("The overall score never shows less than this.")
    )
    ceiling = models.IntegerField(
        _("highest score"), null=True, blank=True, help_text=_("The overall score never shows more than this.")
    )

    class Meta:
        verbose_name = _("overall score")
        verbose_name_plural = _("overall score")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="one_overall_score"),
            _bound("floor", "lte", "overall_floor_is_not_above_zero", _("The lowest score is zero or less.")),
            _bound("ceiling", "gte", "overall_ceiling_is_not_below_zero", _("The highest score is zero or more.")),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def get(cls) -> OverallScore:
        return cls.objects.get_or_create(pk=1)[0]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)


class TermsVersion(Terms):
    """The terms of a group (or, where `group` is null, the bounds of the overall score) as known for a while."""

    group = models.ForeignKey(PointGroup, models.CASCADE, null=True, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    epoch = models.DateField(null=True)
    known_from = models.DateTimeField(_("in force from"), default=timezone.now)
    known_until = models.DateTimeField(_("in force until"), default=END)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )

    class Meta:
        ordering = ["group", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "number"], nulls_distinct=False, name="one_terms_version_per_number"
            ),
            models.UniqueConstraint(
                fields=["group"], nulls_distinct=False, condition=Q(known_until=END), name="one_current_terms_per_group"
            ),
        ]
