"""What the lists share: states as coloured labels, and names that are read once."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.actions.base import remembering_names
from campaigns.models import Delivery, Enrolment, Firing
from campaigns.panels import TONES

CSS = {"all": ["campaigns/campaigns.css"]}


def state(row: Firing | Delivery | Enrolment) -> SafeString:
    tone = TONES.get(row.state, "")
    return format_html('<span class="campaigns-label is-{}">{}</span>', tone or "plain", row.get_state_display())


class NamesOnce:
    """For lists whose rows are described in words: the page is drawn while names are remembered."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        with remembering_names():
            response = super().changelist_view(request, extra_context)  # type: ignore[misc]
            return response.render() if isinstance(response, TemplateResponse) else response
