"""People who wait to be erased, one after the other, and how far that has come; who they were is gone with them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.contacts import Contact
from contacts.models.privacy import Erasure
from contacts.wording import moment


class ErasureRun(models.Model):
    """Several people are to be erased. The rows that wait are the work: whoever finds them carries it on.

    `total` is how many were asked for. Who is neither `erased` nor waiting nor `left_out` was gone already: erased by
    somebody else meanwhile, or the same person as another of them.
    """

    class State(models.TextChoices):
        GOING = "going", _("Under way")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")

    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("because"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.GOING)
    total = models.PositiveIntegerField(_("people"), default=0)
    erased = models.PositiveIntegerField(_("erased"), default=0)
    left_out = models.PositiveIntegerField(_("not erased"), default=0)
    record = models.OneToOneField(Erasure, models.SET_NULL, null=True, related_name="+")
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("erasure of several people")
        verbose_name_plural = _("erasures of several people")

    def __str__(self) -> str:
        return moment(self.asked_at)

    def get_absolute_url(self) -> str:
        """Its page in the admin, which shows how far it is."""
        return reverse("admin:contacts_erasurerun_change", args=[self.pk])

    @property
    def is_going(self) -> bool:
        return self.state == self.State.GOING


class ToBeErased(models.Model):
    """Somebody who waits to be erased, once however often it was asked. `error`: why it failed; then it is not tried again."""

    run = models.ForeignKey(ErasureRun, models.CASCADE, related_name="waiting")
    contact = models.OneToOneField(Contact, models.CASCADE, related_name="+")
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.contact)
