"""States as coloured labels, the same on lists, on pages and on the contact page."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.models import Delivery, Enrolment, Firing
from campaigns.panels import TONES

CSS = {"all": ["campaigns/campaigns.css"]}


def state(row: Firing | Delivery | Enrolment) -> SafeString:
    tone = TONES.get(row.state, "")
    return format_html('<span class="campaigns-label is-{}">{}</span>', tone or "plain", row.get_state_display())
