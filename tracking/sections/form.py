"""The form of the page, in this place."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import SectionType, sections


@sections.register
class FormSection(SectionType):
    key = "form"
    label = _("Form")
    icon = "dynamic_form"

    class Form(forms.Form):
        heading = forms.CharField(label=_("Heading"), max_length=150, required=False)
        text = forms.CharField(
            label=_("Text"),
            max_length=600,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("The form is the one chosen for the page. Without this section it stands beside the text."),
        )
