"""What we did about a contact, on the contact page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns import sentences
from campaigns.actions.base import cause, remembering_names
from campaigns.models import Delivery, Enrolment, Firing, Message
from contacts.models import Contact
from contacts.panels import Panel, panels

ROWS = 25
TONES: dict[str, str] = {
    Firing.State.FIRED: "good",
    Firing.State.HELD: "warning",
    Delivery.State.SENT: "good",
    Delivery.State.RETRYING: "warning",
    Delivery.State.FAILED: "bad",
    Enrolment.State.FINISHED: "good",
}


def actions(contact: Contact) -> dict[str, Any]:
    """The newest firings, deliveries, messages and enrolments, each list by one query."""
    with remembering_names():
        return _actions(contact)


def _actions(contact: Contact) -> dict[str, Any]:
    firings = Firing.objects.filter(contact=contact).select_related("trigger__group")[:ROWS]
    deliveries = Delivery.objects.filter(contact=contact).select_related(
        "firing__trigger", "step_run__step__campaign", "message"
    )
    return {
        "firings": [
            {
                "firing": firing,
                "tone": TONES.get(firing.state, ""),
                "movement": f"{sentences.number(firing.before)} → {sentences.number(firing.after)}",
            }
            for firing in firings
        ],
        "deliveries": [
            {
                "delivery": delivery,
                "tone": TONES.get(delivery.state, ""),
                "what": sentences.delivery(delivery),
                "why": cause(delivery),
                "message": getattr(delivery, "message", None),
            }
            for delivery in deliveries[:ROWS]
        ],
        "sent_messages": Message.objects.filter(contact=contact, sent_at__isnull=False)[:ROWS],
        "enrolments": [
            {"enrolment": enrolment, "tone": TONES.get(enrolment.state, "")}
            for enrolment in Enrolment.objects.filter(contact=contact).select_related("campaign")[:ROWS]
        ],
    }


panels.add(
    Panel("actions", _("Actions"), "campaigns/panel.html", actions, position=40, permission="campaigns.view_delivery")
)
