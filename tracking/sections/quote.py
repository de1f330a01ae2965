"""What somebody else says of us."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import ImageField, SectionType, sections


@sections.register
class Quote(SectionType):
    key = "quote"
    label = _("Quote")
    icon = "format_quote"

    class Form(forms.Form):
        text = forms.CharField(label=_("What they said"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}))
        person = forms.CharField(label=_("Who said it"), max_length=120, required=False)
        role = forms.CharField(label=_("Their job and company"), max_length=150, required=False)
        image = ImageField(label=_("Their picture"))
