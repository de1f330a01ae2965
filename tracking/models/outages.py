"""What became of hits while the database was away."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.wording import to_the_second


class OutageShare(models.Model):
    """The database was away, as one web process saw it: hits waited on disk, or were lost where even that was full.

    Written by `tracking.edge` when the hits are brought in: hours later, where the process died or was cut off for longer.
    """

    key = models.CharField(max_length=60, unique=True)  # the file in which they waited
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"))
    kept = models.BigIntegerField(
        _("hits kept"), help_text=_("They waited on disk and count as if nothing had happened.")
    )
    lost = models.BigIntegerField(_("hits lost"), help_text=_("There was no room for them on disk either."))

    class Meta:
        db_table = "tracking_outage"
        default_permissions = ()  # seen on the page of the outage
        verbose_name = _("outage as one web process saw it")
        verbose_name_plural = _("outages as each web process saw them")
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return to_the_second(self.began_at)


class Outage(models.Model):
    """The database was away: the shares of all processes that overlap, or are no more than five seconds apart, as one.

    A view, so that it is right whenever a share comes. Its key is the lowest of its shares': a late one leaves it as it is.
    """

    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"))
    kept = models.BigIntegerField(
        _("hits kept"), help_text=_("They waited on disk and count as if nothing had happened.")
    )
    lost = models.BigIntegerField(_("hits lost"), help_text=_("There was no room for them on disk either."))

    class Meta:
        managed = False
        db_table = "tracking_whole_outage"
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return to_the_second(self.began_at)

    @property
    def length(self) -> timedelta:
        return self.ended_at - self.began_at

    @property
    def shares(self) -> models.QuerySet[OutageShare]:
        """What each process kept, in the order in which it noticed."""
        return OutageShare.objects.filter(began_at__range=(self.began_at, self.ended_at)).order_by("began_at", "pk")
