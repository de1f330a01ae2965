"""What became of hits while the database was away."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.wording import moment


class Outage(models.Model):
    """The database was away, as one web process saw it: hits waited on disk, or were lost where even that was full.

    Written by `tracking.edge`, when the hits are brought in.
    """

    key = models.CharField(max_length=60, unique=True)  # the file in which they waited
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"))
    kept = models.BigIntegerField(
        _("hits kept"), help_text=_("They waited on disk and count as if nothing had happened.")
    )
    lost = models.BigIntegerField(_("hits lost"), help_text=_("There was no room for them on disk either."))

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return moment(self.began_at)
