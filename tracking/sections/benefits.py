"""What there is to gain, point by point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tracking.sections.base import SectionType, sections


@sections.register
class Benefits(SectionType):
    key = "benefits"
    label = _("Benefits or list")
    icon = "checklist"

    class Form(forms.Form):
        heading = forms.CharField(label=_("Heading"), max_length=150, required=False)
        points = forms.CharField(
            label=_("Points"),
            max_length=5_000,
            widget=forms.Textarea(attrs={"rows": 6}),
            help_text=_("One per line. What stands before a colon is shown in bold."),
        )
        look = forms.ChoiceField(
            label=_("Look"), choices=[("list", _("List with ticks")), ("cards", _("Cards side by side"))]
        )

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        lines = (line.strip() for line in str(params.get("points", "")).splitlines())
        return {"lines": [_split(line) for line in lines if line]}


def _split(line: str) -> tuple[str, str]:
    bold, colon, rest = line.partition(": ")
    return (bold, rest) if colon and len(bold) <= 80 else ("", line)
