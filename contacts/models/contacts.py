"""Who: contacts, their company, their tags, and their step of the funnel."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import fields


class Company(models.Model):
    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=253, blank=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("Two letters, such as FR."))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [models.UniqueConstraint(Lower("name"), name="one_company_per_name")]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """A step of the funnel; `position` orders it."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    description = models.TextField(_("description"), blank=True)
    color = models.CharField(_("color"), max_length=7, blank=True, default="#9333ea")

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("stage")
        verbose_name_plural = _("stages")

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        ordering = ["name"]
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(Lower("name"), name="one_tag_per_name")]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A known person. Every change to a row is noted by the database itself in `Change`, whatever path it took."""

    # Null, not "", for nobody's: addresses are unique.
    email = models.EmailField(_("email"), max_length=254, null=True, blank=True)  # noqa: DJ001
    phone = fields.PhoneField(_("phone"), help_text=_("International, such as +33 6 12 34 56 78."))
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("company")
    )
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("Two letters, such as FR."))
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Such as Europe/Paris."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_contacts",
        verbose_name=_("owner"),
    )
    stage = models.ForeignKey(
        Stage, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("stage")
    )
    tags = models.ManyToManyField(
        Tag, through="ContactTag", related_name="contacts", blank=True, verbose_name=_("tags")
    )
    fields = models.JSONField(_("custom fields"), default=dict, blank=True)
    # Cascading: whoever is deleted is deleted with all they were, or an old address would come back to life.
    merged_into = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, editable=False, related_name="merged"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        permissions = [
            ("export_person", _("Can hand out a copy of everything about a contact")),
            ("erase_person", _("Can erase a contact for good")),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_contact_per_email",
                violation_error_message=_("A contact with this email exists already."),
            ),
        ]
        indexes = [
            models.Index(fields=["last_name", "first_name"], name="contact_by_name"),
            models.Index(fields=["-created_at"], name="contact_by_creation"),
            GinIndex(fields=["fields"], opclasses=["jsonb_path_ops"], name="contact_by_custom_field"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or f"#{self.pk}"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_absolute_url(self) -> str:
        """The contact's page in the admin."""
        return reverse("admin:contacts_contact_overview", args=[self.pk])

    def clean(self) -> None:
        fields.clean_contact(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = fields.normalise_email(self.email)
        super().save(*args, **kwargs)


class ContactTag(models.Model):
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="contact_tags")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="contact_tags", verbose_name=_("tag"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(fields=["contact", "tag"], name="one_tag_once_per_contact")]

    def __str__(self) -> str:
        return str(self.tag)
