"""Saved lists of contacts, and who is in them and why."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models.contacts import Contact


class Segment(models.Model):
    """A saved list: fixed, or dynamic by a condition tree. Membership rows say who is in and why."""

    name = models.CharField(_("name"), max_length=150, unique=True)
    description = models.TextField(_("description"), blank=True)
    is_dynamic = models.BooleanField(
        _("dynamic"), default=False, help_text=_("Filled by the conditions below and kept up to date.")
    )
    conditions = models.JSONField(_("conditions"), default=dict, blank=True)
    rebuilt_at = models.DateTimeField(_("last rebuilt"), null=True, blank=True, editable=False)
    rebuild_ms = models.PositiveIntegerField(null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One contact's place in one segment. `is_member` False with reason manual is a manual removal: rebuilds respect it."""

    class Reason(models.TextChoices):
        RULE = "rule", _("Conditions")
        MANUAL = "manual", _("By hand")
        TRIGGER = "trigger", _("Trigger")
        CAMPAIGN = "campaign", _("Campaign")
        FORM = "form", _("Form")
        IMPORT = "import", pgettext_lazy("origin", "Import")

    # What a rebuild by rule may add or take away; everything else was somebody's decision and stays.
    DECIDED: ClassVar = [Reason.MANUAL, Reason.TRIGGER, Reason.CAMPAIGN, Reason.FORM, Reason.IMPORT]

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="memberships")
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships", verbose_name=_("segment"))
    is_member = models.BooleanField(_("member"), default=True)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["segment", "contact"], name="one_membership_per_segment_and_contact")
        ]

    def __str__(self) -> str:
        return f"{self.contact} · {self.segment}"
