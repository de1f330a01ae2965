"""A video: a file plays here; a page of a video site opens there, so that it follows nobody here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import ImageField, SectionType, WebAddressField, sections

FILES = (".mp4", ".webm", ".m4v")


@sections.register
class Video(SectionType):
    key = "video"
    label = _("Video")
    icon = "play_circle"

    class Form(forms.Form):
        url = WebAddressField(
            label=_("Address of the video"),
            help_text=_(
                "A file (.mp4, .webm) plays on the page. Anything else is a link: no video site watches visitors here."
            ),
        )
        image = ImageField(label=_("Picture in its place"))
        caption = forms.CharField(label=_("Words on the link"), max_length=150, required=False)

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        url = str(params.get("url", ""))
        return {"plays": urlsplit(url).path.lower().endswith(FILES) and url.startswith("https:")}
