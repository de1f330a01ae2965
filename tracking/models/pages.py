"""Landing pages, and what they are made of and tried out with: images, tests, and the variants tried in a test."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tracking.models.events import OwnsSubject, Subject
from tracking.models.forms import Form
from tracking.models.public import public_id


def image_name(image: PageImage, name: str) -> str:
    """Nothing of the name it was given."""
    return f"pages/{image.public_id}"


class PageImage(models.Model):
    """An image for landing pages: known by its content (tracking.images), served by us and by no web server."""

    name = models.CharField(_("name"), max_length=120)
    public_id = models.CharField(max_length=20, unique=True, default=public_id, editable=False)
    file = models.FileField(_("file"), upload_to=image_name, max_length=100)
    extension = models.CharField(max_length=4, editable=False)
    width = models.PositiveIntegerField(_("width"), editable=False)
    height = models.PositiveIntegerField(_("height"), editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("image")
        verbose_name_plural = _("images")

    def __str__(self) -> str:
        return self.name


class LandingPage(OwnsSubject):
    subject_type = Subject.Type.LANDING_PAGE

    class Font(models.TextChoices):
        SANS = "sans", _("Sans serif")
        SERIF = "serif", _("Serif")
        ROUND = "round", _("Rounded")
        MONO = "mono", _("Typewriter")

    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("address"), max_length=100, unique=True)
    sections = models.JSONField(_("sections"), default=list, blank=True)  # as tracking.sections reads them
    form = models.ForeignKey(
        Form, models.SET_NULL, null=True, blank=True, related_name="landing_pages", verbose_name=_("form")
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    description = models.CharField(
        _("description"), max_length=300, blank=True, help_text=_("For search engines, and where the page is shared.")
    )
    share_image = models.ForeignKey(
        "PageImage",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("image where it is shared"),
    )
    accent = models.CharField(
        _("colour"), max_length=7, default="#6d28d9", validators=[RegexValidator("^#[0-9a-fA-F]{6}$")]
    )
    font = models.CharField(_("font"), max_length=10, choices=Font.choices, default=Font.SANS)
    logo = models.ForeignKey(
        "PageImage", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("logo")
    )
    footer = models.TextField(_("text at the foot"), max_length=1000, blank=True)
    imprint_url = models.URLField(_("imprint"), max_length=500, blank=True)
    privacy_url = models.URLField(_("privacy policy"), max_length=500, blank=True)
    is_published = models.BooleanField(_("published"), default=False)
    publish_from = models.DateTimeField(_("from"), null=True, blank=True)
    publish_until = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["title"]
        verbose_name = _("landing page")
        verbose_name_plural = _("landing pages")

    def __str__(self) -> str:
        return self.title

    def is_open(self) -> bool:
        now = timezone.now()
        return (
            self.is_published
            and self.archived_at is None
            and (not self.publish_from or self.publish_from <= now)
            and (not self.publish_until or now < self.publish_until)
        )


class PageTest(models.Model):
    """Variants of a landing page against each other. From its start until its end nothing about it changes."""

    page = models.ForeignKey(LandingPage, models.CASCADE, related_name="tests", verbose_name=_("landing page"))
    name = models.CharField(_("what is tried"), max_length=150)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    kept = models.CharField(_("kept"), max_length=1, blank=True, editable=False)  # the letter of the variant
    # What each variant came to, {letter: [visitors, senders]}, noted before the events go from which it is counted.
    result = models.JSONField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("test of a page")
        verbose_name_plural = _("tests of pages")
        constraints = [
            models.UniqueConstraint(
                fields=["page"],
                name="one_running_test_per_page",
                condition=Q(started_at__isnull=False, ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and self.ended_at is None


class PageVariant(models.Model):
    """One of the ways a page may look: A is the page as it was when the test was made."""

    test = models.ForeignKey(PageTest, models.CASCADE, related_name="variants")
    letter = models.CharField(_("variant"), max_length=1)
    weight = models.PositiveSmallIntegerField(_("share"), default=1)
    sections = models.JSONField(_("sections"), default=list, blank=True)

    class Meta:
        ordering = ["letter"]
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        constraints = [models.UniqueConstraint(fields=["test", "letter"], name="one_variant_per_test_and_letter")]

    def __str__(self) -> str:
        return self.letter

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.test.started_at:
            raise ValueError("a variant does not change once its test has started")
        super().save(*args, **kwargs)
