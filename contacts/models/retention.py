"""How long each kind of data is kept, and the work of letting go of what is older."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.wording import moment


class RetentionPolicy(models.Model):
    """How long a kind of data is kept, from a moment on. Append-only: the latest row of a kind is in force.

    Without a row the kind's own default holds (contacts.privacy.retention).
    """

    kind = models.CharField(_("kind of data"), max_length=40)
    length = models.PositiveSmallIntegerField(_("kept for"), null=True)  # in the kind's unit; null: for good
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("retention setting")
        verbose_name_plural = _("retention settings")
        permissions = [("apply_retention", _("Can let go of what is no longer kept"))]
        indexes = [models.Index(fields=["kind", "-id"], name="latest_retention_policy")]

    def __str__(self) -> str:
        return self.kind


class RetentionRun(models.Model):
    """One going through all kinds of data for what is no longer kept. The row is the work: whoever finds it carries it on.

    `kind` and `mark` say how far it has come; `reached`, by kind, up to which moment everything was seen to.
    """

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("asked for by")
    )
    kind = models.CharField(_("kind of data"), max_length=40, blank=True)
    mark = models.JSONField(default=dict)
    counts = models.JSONField(_("what went"), default=dict)
    reached = models.JSONField(default=dict)
    errors = models.JSONField(_("errors"), default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")
        constraints = [
            models.UniqueConstraint(fields=["finished_at"], nulls_distinct=False, name="one_retention_run_at_a_time")
        ]

    def __str__(self) -> str:
        return moment(self.started_at)
