"""What visitors download."""

from __future__ import annotations

from django.core.validators import FileExtensionValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tracking.models.events import OwnsSubject, Subject
from tracking.models.forms import Form
from tracking.models.public import public_id

EXTENSIONS = [
    "pdf", "png", "jpg", "jpeg", "gif", "webp", "zip", "csv", "txt", "md", "epub", "mp3", "mp4", "docx", "xlsx", "pptx",
    "odt", "ods", "odp",
]  # fmt: skip


class Asset(OwnsSubject):
    """A resource to download: a file of ours, or an address elsewhere; perhaps behind a form."""

    subject_type = Subject.Type.ASSET

    name = models.CharField(_("name"), max_length=150)
    public_id = models.CharField(max_length=20, unique=True, default=public_id, editable=False)
    description = models.TextField(_("description"), blank=True)
    file = models.FileField(
        _("file"),
        upload_to="assets/",
        blank=True,
        validators=[FileExtensionValidator(EXTENSIONS)],
    )
    url = models.URLField(_("address"), max_length=500, blank=True)
    gate = models.ForeignKey(
        Form,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="gated_assets",
        verbose_name=_("form to fill in first"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("asset")
        verbose_name_plural = _("assets")

    def __str__(self) -> str:
        return self.name
