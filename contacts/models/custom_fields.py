"""The fields a marketer adds to contacts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts import fields


class CustomField(models.Model):
    """A field the marketer adds to contacts; values live in `Contact.fields[key]`, validated by `contacts.fields`."""

    class Type(models.TextChoices):
        TEXT = "text", _("Text")
        LONG_TEXT = "long_text", _("Long text")
        INTEGER = "integer", _("Whole number")
        DECIMAL = "decimal", _("Decimal number")
        BOOLEAN = "boolean", _("Yes or no")
        DATE = "date", _("Date")
        DATETIME = "datetime", _("Date and time")
        CHOICE = "choice", _("One choice")
        CHOICES = "choices", _("Several choices")
        EMAIL = "email", _("Email address")
        URL = "url", _("Web address")
        PHONE = "phone", _("Phone number")

    key = models.SlugField(
        _("key"), max_length=50, unique=True, help_text=_("Used in imports, forms and the API; it never changes.")
    )
    label = models.CharField(_("label"), max_length=100)
    type = models.CharField(_("type"), max_length=20, choices=Type.choices, default=Type.TEXT)
    choices = models.JSONField(_("choices"), default=list, blank=True, help_text=_("One choice per line."))
    required = models.BooleanField(_("required"), default=False)
    help_text = models.CharField(_("help"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "label"]
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        fields.clean_custom_field(self)
