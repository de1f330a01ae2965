"""Back-tests: what was asked, how far the answer has come, and the answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts import clock
from scoring.models.groups import PointGroup

LONGEST = 1100  # days of a horizon: three years


class BackTest(models.Model):
    """Would the score have told who converts? Asked of the contacts there were at the end of a day of the past.

    The row is the truth: it is carried on range by range (scoring.backtests.running), by whoever finds it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Under way")
        DONE = "done", pgettext_lazy("back-test", "Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Stopped")

    outcome = models.CharField(_("outcome"), max_length=50)
    params = models.JSONField(_("settings"), default=dict, blank=True)
    cutoff = models.DateField(_("cut-off date"))
    horizon_days = models.PositiveSmallIntegerField(
        _("days to convert"), default=90, validators=[MinValueValidator(1), MaxValueValidator(LONGEST)]
    )
    group = models.ForeignKey(
        PointGroup, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("score")
    )
    conditions = models.JSONField(_("only contacts who"), default=dict, blank=True)
    with_earlier = models.BooleanField(_("also those who had converted before"), default=False)
    capacity = models.PositiveIntegerField(
        _("leads your sales team can call a month"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    with_then = models.BooleanField(_("the rules in force then"), default=False)
    with_draft = models.BooleanField(_("the rules of the draft"), default=False)

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    books = models.JSONField(default=dict)  # the rulebooks compared, as they stood when it was asked (backtests.books)
    next_id = models.BigIntegerField(default=0)  # contacts below have been seen
    seen = models.PositiveIntegerField(_("contacts seen"), default=0)
    total = models.PositiveIntegerField(_("contacts in all"), null=True)  # once they have been counted
    results = models.JSONField(null=True)  # of scoring.backtests.answers
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("back-test")
        verbose_name_plural = _("back-tests")
        indexes = [
            models.Index(fields=["id"], name="backtest_going", condition=models.Q(state__in=["waiting", "running"]))
        ]

    called = ""  # what the way to its page calls it, where its name was looked up

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def at(self) -> datetime:
        """The moment scores are asked about: the last of the cut-off day."""
        return clock.end(self.cutoff)

    @property
    def until(self) -> datetime:
        """The last moment at which an outcome counts."""
        return clock.end(self.last_day)

    @property
    def last_day(self) -> date:
        return self.cutoff + timedelta(days=self.horizon_days)

    @property
    def is_going(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def percent(self) -> int:
        return 100 * self.seen // self.total if self.total else 0


class BackTestRange(models.Model):
    """What was found of one range of contacts, until the answer is computed from all of them; then it is deleted."""

    backtest = models.ForeignKey(BackTest, models.CASCADE, related_name="ranges")
    first_id = models.BigIntegerField()
    earlier = models.PositiveIntegerField(default=0)  # left out because they had converted before
    converted = models.JSONField()  # 0 or 1 per contact
    scores = models.JSONField()  # by rulebook, one per contact

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backtest", "first_id"], name="one_range_per_first_contact")]
