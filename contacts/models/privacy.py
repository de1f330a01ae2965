"""What people ask of us about their own data, and what is kept of an erasure: never who."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.contacts import Contact
from contacts.remarks import RemarkField
from contacts.wording import labelled, moment


class DataRequest(models.Model):
    """A person asked for a copy of their data, or that it be erased. One of a kind waits at a time."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("A copy of the data")
        ERASURE = "erasure", _("Erasure")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="data_requests", verbose_name=_("contact"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    source = RemarkField(_("source"), blank=True)
    ip = models.GenericIPAddressField(_("shortened IP"), null=True, blank=True)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("done by")
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "kind"], condition=Q(done_at__isnull=True), name="one_open_data_request"
            )
        ]

    def __str__(self) -> str:
        return labelled(self.get_kind_display(), self.contact)


class Erasure(models.Model):
    """That people were erased: when, by whom, how much; never who. `counts`: rows by what they were."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("because"), max_length=200, blank=True)
    people = models.PositiveIntegerField(_("people"), default=1)
    counts = models.JSONField(_("what went"), default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return moment(self.at)


class ErasedAddress(models.Model):
    """That the owner of an address had themselves erased: imports do not bring them back. A keyed digest, never the address."""

    digest = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.digest[:8]} …"
