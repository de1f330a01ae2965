"""What we send and offer: emails, SMS, webinars, and the systems we tell."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.remarks import RemarkField
from tracking.models import Form, OwnsSubject, Subject


class Email(OwnsSubject):
    """A mail to send: text and HTML with personal fields such as {{ contact.first_name }}."""

    subject_type = Subject.Type.EMAIL

    name = models.CharField(_("name"), max_length=150, unique=True)
    subject_line = models.CharField(_("subject"), max_length=250)
    preheader = models.CharField(
        _("preheader"), max_length=250, blank=True, help_text=_("The line shown after the subject in an inbox.")
    )
    html = models.TextField(_("HTML"), blank=True)
    text = models.TextField(_("text"), blank=True, help_text=_("Left empty: made from the HTML."))
    from_name = models.CharField(_("sender's name"), max_length=100, blank=True)
    from_email = models.EmailField(_("sender's address"), blank=True, help_text=_("Left empty: the instance's own."))
    reply_to = models.EmailField(_("reply to"), blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("email")
        verbose_name_plural = _("emails")

    def __str__(self) -> str:
        return self.name


class Sms(OwnsSubject):
    subject_type = Subject.Type.SMS

    name = models.CharField(_("name"), max_length=150, unique=True)
    body = models.TextField(_("text"), max_length=1000, help_text=_("Links are shortened and tracked."))
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("SMS")
        verbose_name_plural = _("SMS")

    def __str__(self) -> str:
        return self.name


class Webinar(OwnsSubject):
    subject_type = Subject.Type.WEBINAR

    name = models.CharField(_("name"), max_length=150, unique=True)
    starts_at = models.DateTimeField(_("starts"))
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=60)
    url = models.URLField(_("address"), max_length=500, blank=True)
    form = models.ForeignKey(
        Form, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("registration form")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = _("webinar")
        verbose_name_plural = _("webinars")

    def __str__(self) -> str:
        return self.name


class Registration(models.Model):
    """A contact's place in a webinar, as the events say: derived, kept for lists."""

    webinar = models.ForeignKey(Webinar, models.CASCADE, related_name="registrations", verbose_name=_("webinar"))
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="registrations", verbose_name=_("contact"))
    registered_at = models.DateTimeField(_("registered"), null=True)
    attended_at = models.DateTimeField(_("attended"), null=True)
    missed_at = models.DateTimeField(_("missed"), null=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.UniqueConstraint(fields=["webinar", "contact"], name="one_registration_per_webinar_and_contact")
        ]

    def __str__(self) -> str:
        return f"{self.contact} · {self.webinar}"


def new_secret() -> str:
    return secrets.token_hex(32)


class Integration(models.Model):
    """Another system that is told about contacts by signed webhook."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.URLField(_("address"), max_length=500)
    secret = models.CharField(
        _("secret"), max_length=64, default=new_secret, help_text=_("The receiver verifies our signature with it.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    disabled_reason = RemarkField(_("disabled because"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")

    def __str__(self) -> str:
        return self.name
