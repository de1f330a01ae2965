"""Submissions as CSV: a column for each question, safe to open in a spreadsheet, streamed whatever their number."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.exports import harmless
from tracking.models import FormField, FormSubmission

CHUNK = 1000


def stream(rows: QuerySet[FormSubmission]) -> Iterator[str]:
    """The lines of the file: when, which form, whose, where, and the answers by the keys of their questions."""
    keys = _keys(rows)
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([_("when"), _("form"), _("contact"), _("page"), *keys])
    for row in rows.select_related("form", "contact").iterator(chunk_size=CHUNK):
        own = [timezone.localtime(row.at).isoformat(" ", "seconds"), row.form.name, str(row.contact or ""), row.url]
        yield writer.writerow([harmless(cell) for cell in [*own, *(said(row.answers.get(key, "")) for key in keys)]])


def said(value: Any) -> str:
    """An answer as people read it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _keys(rows: QuerySet[FormSubmission]) -> list[str]:
    """The questions of the forms these are of, as they are asked today, then those asked in former days."""
    forms = rows.order_by().values("form")
    asked = FormField.objects.filter(form__in=forms).exclude(type__in=FormField.SAYS).order_by("form", "position", "id")
    keys = dict.fromkeys(asked.values_list("key", flat=True))
    for answers in rows.order_by().values_list("answers", flat=True).iterator(chunk_size=CHUNK):
        keys |= dict.fromkeys(answers)
    return list(keys)


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text
