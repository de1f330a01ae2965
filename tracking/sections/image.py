"""A picture, with words below."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import ImageField, SectionType, sections


@sections.register
class Image(SectionType):
    key = "image"
    label = _("Image")
    icon = "image"

    class Form(forms.Form):
        image = ImageField(label=_("Image"))
        alt = forms.CharField(label=_("What the image shows"), max_length=200, required=False)
        caption = forms.CharField(label=_("Words below"), max_length=300, required=False)

        def clean_image(self) -> Any:
            if not self.cleaned_data["image"]:
                raise forms.ValidationError(_("Choose an image, or add one first."))
            return self.cleaned_data["image"]
