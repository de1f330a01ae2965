"""The promise at the top of a page."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import ImageField, SectionType, WebAddressField, sections


@sections.register
class Hero(SectionType):
    key = "hero"
    label = _("Opening")
    icon = "flag"

    class Form(forms.Form):
        heading = forms.CharField(label=_("Heading"), max_length=150)
        text = forms.CharField(
            label=_("Text"), max_length=600, required=False, widget=forms.Textarea(attrs={"rows": 3})
        )
        image = ImageField(label=_("Image"))
        alt = forms.CharField(
            label=_("What the image shows"),
            max_length=200,
            required=False,
            help_text=_("For whoever cannot see it. Left empty: it only decorates."),
        )
        button = forms.CharField(label=_("Button"), max_length=60, required=False)
        url = WebAddressField(
            label=_("Where the button leads"), required=False, help_text=_("Left empty: to the form of this page.")
        )
