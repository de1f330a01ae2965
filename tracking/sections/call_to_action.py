"""One thing to do next."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import SectionType, WebAddressField, sections


@sections.register
class CallToAction(SectionType):
    key = "call_to_action"
    label = _("Call to action")
    icon = "ads_click"

    class Form(forms.Form):
        heading = forms.CharField(label=_("Heading"), max_length=150, required=False)
        text = forms.CharField(
            label=_("Text"), max_length=600, required=False, widget=forms.Textarea(attrs={"rows": 2})
        )
        button = forms.CharField(label=_("Button"), max_length=60)
        url = WebAddressField(
            label=_("Where it leads"), required=False, help_text=_("Left empty: to the form of this page.")
        )
