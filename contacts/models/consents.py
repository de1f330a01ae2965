"""What people allow: purposes and channels, their answers, the words they were asked in, and blocks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.contacts import Contact
from contacts.remarks import RemarkField
from contacts.wording import labelled


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("SMS")


class Purpose(models.TextChoices):
    """What a person can say yes or no to. The instance decides which need an explicit yes (CONSENT_REQUIRED)."""

    WEB_TRACKING = "web_tracking", _("Web tracking")
    EMAIL_TRACKING = "email_tracking", _("Email-open tracking")
    LINK_TRACKING = "link_tracking", _("Link tracking")
    PROFILING = "profiling", _("Profiling")


class Consent(models.Model):
    """One answer to one question, with its proof. Append-only: the latest answer per purpose is in force."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consents", verbose_name=_("contact"))
    # What a person allows us to do with what they do, or (their own wish about) a channel we write by.
    purpose = models.CharField(_("purpose"), max_length=20, choices=[*Purpose.choices, *Channel.choices])
    granted = models.BooleanField(_("granted"))
    text = models.TextField(_("text shown"), blank=True)
    shown = models.ForeignKey(
        "ConsentText", models.PROTECT, null=True, blank=True, related_name="consents", verbose_name=_("text version")
    )
    source = RemarkField(_("source"), blank=True)
    ip = models.GenericIPAddressField(_("shortened IP"), null=True, blank=True)
    # With a double opt-in: when the box was ticked. The yes was then confirmed, and is in force, from `given_at` on.
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    given_at = models.DateTimeField(_("given"), default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["contact", "purpose", "-given_at", "-id"], name="latest_consent")]

    def __str__(self) -> str:
        return labelled(self.get_purpose_display(), _("yes") if self.granted else _("no"))


class ConsentPolicy(models.Model):
    """Whether a purpose needs an explicit yes, from a moment on. Append-only: the latest row of a purpose is in force.

    Without a row the environment decides (CONSENT_REQUIRED).
    """

    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose.choices)
    is_required = models.BooleanField(
        _("needs a yes"), help_text=_("Otherwise it is assumed until the person refuses.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("consent setting")
        verbose_name_plural = _("consent settings")
        indexes = [models.Index(fields=["purpose", "-id"], name="latest_consent_policy")]

    def __str__(self) -> str:
        return str(self.get_purpose_display())


class ConsentText(models.Model):
    """What people are asked, word by word. Append-only: a change is a new version, and each consent names the one shown."""

    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose.choices)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    version = models.PositiveIntegerField(_("version"), editable=False)
    text = models.TextField(_("text"), max_length=2000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        ordering = ["purpose", "language", "-version"]
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")
        constraints = [
            models.UniqueConstraint(fields=["purpose", "language", "version"], name="one_consent_text_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.get_language_display()}, {self.version}"


class DoNotContact(models.Model):
    """A block of one channel. Sending looks here last of all, just before it speaks."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Complained")
        MANUAL = "manual", _("By hand")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="blocks")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("do not contact")
        verbose_name_plural = _("do not contact")
        constraints = [models.UniqueConstraint(fields=["contact", "channel"], name="one_block_per_channel")]

    def __str__(self) -> str:
        return labelled(self.get_channel_display(), self.get_reason_display())
