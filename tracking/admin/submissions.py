"""Submissions: what people answered, as they answered it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from contacts.admin_base import ReadOnlyAdmin
from tracking.models import FormSubmission


@admin.register(FormSubmission)
class FormSubmissionAdmin(ReadOnlyAdmin):
    list_display = ("at", "form", "contact", "in_short")
    list_filter = ("form", ("at", RangeDateFilter))
    list_select_related = ("form", "contact")
    fields = ("form", "contact", "at", "url", "given")
    readonly_fields = ("given",)
    ordering = ("-at", "-id")

    class Media:
        css = {"all": ["tracking/admin.css"]}

    @display(description=_("answers"))
    def in_short(self, submission: FormSubmission) -> str:
        text = ", ".join(said(value) for value in submission.answers.values() if value not in ("", [], False))
        return text[:120]

    @display(description=_("answers"))
    def given(self, submission: FormSubmission) -> SafeString:
        labels = dict(submission.form.fields.values_list("key", "label"))
        keys = [
            *(key for key in labels if key in submission.answers),
            *(key for key in submission.answers if key not in labels),
        ]
        rows = [(labels.get(key, key), said(submission.answers[key])) for key in keys]
        return format_html('<dl class="bareme-answers">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))


def said(value: Any) -> str:
    """An answer as people read it."""
    if isinstance(value, bool):
        return _g("yes") if value else _g("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
