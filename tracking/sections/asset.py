"""A download."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import AssetField, SectionType, sections


@sections.register
class AssetSection(SectionType):
    key = "asset"
    label = _("Download")
    icon = "download"

    class Form(forms.Form):
        asset = AssetField(label=_("Asset"))
        text = forms.CharField(
            label=_("Text"), max_length=600, required=False, widget=forms.Textarea(attrs={"rows": 2})
        )
        button = forms.CharField(
            label=_("Button"), max_length=60, required=False, help_text=_("Left empty: “Download”.")
        )
