"""The inbox of what happened to contacts' own data."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """What happened to a contact's own data: written by database triggers, so no path can forget it.

    The pipeline turns each row into an Event and deletes it. `held` marks bulk work (imports, mass edits) whose score
    crossings wait for a marketer's release; a session asks for it with `SET LOCAL bareme.hold = 'on'`.
    """

    class Kind(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        TAGGED = "tagged"
        UNTAGGED = "untagged"
        ENTERED = "entered"
        LEFT = "left"
        CONSENT = "consent"
        BLOCKED = "blocked"
        UNBLOCKED = "unblocked"
        COMPANY = "company"

    contact_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    ref_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    held = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")

    def __str__(self) -> str:
        return f"{self.kind} #{self.contact_id}"
