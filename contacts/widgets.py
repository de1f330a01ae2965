"""Form widgets of our own."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


class ConditionBuilder(forms.Textarea):
    """The condition tree as rows to click together; the JSON stays in a hidden textarea."""

    template_name = "contacts/condition_builder.html"

    class Media:
        js: ClassVar = ["contacts/conditions.js"]
        css: ClassVar = {"all": ["contacts/conditions.css"]}

    def __init__(self, *, profile_only: bool = False, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.profile_only = profile_only

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "profile_only": self.profile_only}

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        """By the project's templates: a form's own renderer knows only those of packages."""
        return render_to_string(template_name, context)
