"""HTML of the marketer's own, made safe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nh3
from django import forms
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import SectionType, sections

TAGS = nh3.ALLOWED_TAGS | {"section", "figure", "figcaption", "picture", "source", "video", "audio", "header", "footer"}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "*": {"class", "id", "lang", "title", "aria-label"},
    "img": {"src", "alt", "width", "height", "loading", "srcset", "sizes"},
    "video": {"src", "controls", "poster", "width", "height", "preload", "muted", "playsinline"},
    "audio": {"src", "controls", "preload"},
    "source": {"src", "srcset", "type", "media"},
}


@sections.register
class Html(SectionType):
    key = "html"
    label = _("HTML")
    icon = "code"

    class Form(forms.Form):
        html = forms.CharField(
            label=_("HTML"),
            max_length=100_000,
            widget=forms.Textarea(attrs={"rows": 12}),
            help_text=_("Scripts, forms, frames and styles are removed."),
        )

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"html": safe(str(params.get("html", "")))}


def safe(body: str) -> SafeString:
    """The marketer's HTML without anything that could run. Nothing else decides what a page may contain."""
    return mark_safe(nh3.clean(body, tags=TAGS, attributes=ATTRIBUTES, link_rel="noopener"))
