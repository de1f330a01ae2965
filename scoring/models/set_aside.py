"""What could not be done for one contact, so that the rest could go on."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.wording import labelled


class SetAside(models.Model):
    """A piece of work that failed whenever it was tried alone: it waits, with its error, until somebody tries it again.

    `ref_id` says which: the change, the adjustment, the re-scoring, the publication; of what days bring, the contact.
    (Hits, of which nobody may know whose they are, are set aside in the inbox.)
    """

    class Work(models.TextChoices):
        CHANGE = "change", _("A change of the contact")
        ADJUSTMENT = "adjustment", _("An adjustment")
        SWEEP = "sweep", _("Re-scoring")
        EXPIRY = "expiry", _("Points that expired")
        FADING = "fading", _("A score that faded through a threshold")
        FORECAST = "forecast", _("The preview of a draft")

    work = models.CharField(_("what"), max_length=10, choices=Work.choices)
    ref_id = models.BigIntegerField()
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="set_aside", verbose_name=_("contact"))
    error = models.TextField(_("error"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("piece of work set aside")
        verbose_name_plural = _("pieces of work set aside")
        constraints = [
            models.UniqueConstraint(fields=["work", "ref_id", "contact"], nulls_distinct=False, name="set_aside_once")
        ]

    def __str__(self) -> str:
        return labelled(self.get_work_display(), self.contact or "–")

    @property
    def problem(self) -> str:
        """What the database, or our code, said: the line after the traceback."""
        said: list[str] = []
        for line in self.error.splitlines():
            said = [] if line.startswith(" ") else [*said, line]
        return said[0].rpartition("Error: ")[2] if said else ""
