"""What came with a submission: files in a place of their own, and submissions that are kept aside."""

from __future__ import annotations

import uuid

from django.core.files.storage import Storage, storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.wording import moment
from tracking.models.forms import Form


def private_storage() -> Storage:
    """Where no web server looks. STORAGES names it, so that it may be elsewhere than on this disk."""
    return storages["uploads"]


def private_name(upload: Upload, name: str) -> str:
    """Nothing of what the visitor calls the file: no extension, no path, nothing to guess."""
    return f"{upload.pk.hex[:2]}/{upload.pk.hex}"


class Upload(models.Model):
    """A file a visitor sent with a form. It belongs to the submission of that key, also while that waits in the inbox."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form = models.ForeignKey(Form, models.CASCADE, related_name="uploads")
    submission_key = models.UUIDField()
    field = models.CharField(max_length=50)  # the key of the form's field
    name = models.CharField(_("name"), max_length=120)
    size = models.PositiveIntegerField(_("size"))
    file = models.FileField(upload_to=private_name, storage=private_storage, max_length=100)
    created_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        constraints = [
            models.UniqueConstraint(fields=["submission_key", "field"], name="one_upload_per_submission_and_field")
        ]

    def __str__(self) -> str:
        return self.name


class HeldSubmission(models.Model):
    """A post that looks like spam: it is nobody's and counts nowhere until a person accepts it."""

    form = models.ForeignKey(Form, models.CASCADE, related_name="held", verbose_name=_("form"))
    key = models.UUIDField(unique=True)  # that of the hit it would have been
    at = models.DateTimeField(_("when"))
    reasons = models.JSONField(_("why"), default=list)
    hit = models.JSONField(default=dict)  # url, data, visitor_id, ip, user_agent and subject_id of that hit

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("held as spam")
        verbose_name_plural = _("held as spam")
        indexes = [models.Index(fields=["form", "at"], name="held_by_form")]

    def __str__(self) -> str:
        return f"{self.form} {moment(self.at)}"
