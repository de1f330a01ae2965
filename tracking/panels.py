"""The timeline on the contact page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.panels import Panel, panels
from tracking import timeline


def context(contact: Contact) -> dict[str, Any]:
    return {"timeline": timeline.page(contact)}


panels.add(
    Panel(
        "timeline",
        _("Timeline"),
        "tracking/admin/timeline.html",
        context,
        position=20,
        permission="tracking.view_event",
    )
)
