"""What was agreed to in a form and waits for a click in a mail: double opt-in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.wording import labelled
from tracking.models.forms import Form


class Confirmation(models.Model):
    """One mail that asks a person to confirm. The row is the work: it waits for its mail, then for its answer, then expires."""

    key = models.UUIDField(unique=True)  # of the submission
    form = models.ForeignKey(Form, models.CASCADE, related_name="confirmations", verbose_name=_("form"))
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="confirmations", verbose_name=_("contact"))
    email = models.EmailField(_("email"), max_length=254)
    consents = models.JSONField(_("agreed to"), default=dict)  # purpose → the text that was shown
    language = models.CharField(max_length=10, blank=True)
    ip = models.GenericIPAddressField(_("shortened IP"), null=True)
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("valid until"))
    # When its mail is to be tried next; null once it has left, or been given up.
    send_at = models.DateTimeField(null=True, default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    sent_at = models.DateTimeField(_("mail sent"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        indexes = [models.Index(fields=["send_at"], name="confirmation_to_send", condition=Q(send_at__isnull=False))]

    def __str__(self) -> str:
        return labelled(self.email, self.form)

    @property
    def is_expired(self) -> bool:
        return self.confirmed_at is None and self.expires_at <= timezone.now()
