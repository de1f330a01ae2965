"""Files of contacts on their way in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.segments import Segment


class Import(models.Model):
    """A file of contacts on its way in. Its rows wait in `ImportRow`; what failed stays there to be read and mended."""

    class State(models.TextChoices):
        # Staged and shown; nothing has changed yet.
        DRAFT = "draft", _("To be confirmed")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    name = models.CharField(_("file"), max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=list)  # for each header the key of its target, or ""
    segment = models.ForeignKey(
        Segment, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("put everybody into")
    )
    total = models.PositiveIntegerField(_("lines"), default=0)
    done = models.PositiveIntegerField(_("lines done"), default=0)
    done_line = models.PositiveIntegerField(default=0)  # the last line of the file that is done
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    failed = models.PositiveIntegerField(_("with errors"), default=0)
    erased = models.PositiveIntegerField(_("left out: erased at their own wish"), default=0)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    heard_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return self.name

    @property
    def is_going(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


class ImportRow(models.Model):
    """One line of an import, as it stands in the file; with what is wrong in which column, once that is known."""

    job = models.ForeignKey(Import, models.CASCADE, related_name="rows", db_index=False)
    line = models.PositiveIntegerField()
    cells = models.JSONField()
    errors = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "line"], name="one_row_per_import_and_line")]

    def __str__(self) -> str:
        return f"{self.job} {self.line}"
