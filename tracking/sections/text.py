"""Paragraphs under a heading."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import SectionType, sections


@sections.register
class Text(SectionType):
    key = "text"
    label = _("Text")
    icon = "notes"

    class Form(forms.Form):
        heading = forms.CharField(label=_("Heading"), max_length=150, required=False)
        text = forms.CharField(
            label=_("Text"),
            max_length=10_000,
            widget=forms.Textarea(attrs={"rows": 8}),
            help_text=_("An empty line begins a new paragraph. Web addresses become links."),
        )
