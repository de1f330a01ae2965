"""What we did about a contact, on the contact page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import sentences
from campaigns.actions.base import cause, remembering_names
from campaigns.models import Delivery, Enrolment, Firing, Message, Trigger
from contacts.models import Contact
from contacts.panels import Panel, panels
from contacts.wording import labelled, number
from scoring.explain import Level, LevelSource, level_sources
from scoring.explain.marks import Mark, MarkSource, mark_sources

ROWS = 25
TONES: dict[str, str] = {
    Firing.State.FIRED: "good",
    Firing.State.HELD: "warning",
    Delivery.State.SENT: "good",
    Delivery.State.RETRYING: "warning",
    Delivery.State.FAILED: "bad",
    Enrolment.State.FINISHED: "good",
}


def movement(firing: Firing) -> str:
    """Which score crossed, from where to where: “Engagement: 45 → 52”."""
    group = firing.trigger.group
    name = group.name if group else _g("overall score")
    return labelled(name, f"{number(firing.before)} → {number(firing.after)}")


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
                "movement": movement(firing),
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


def thresholds() -> Iterator[Level]:
    """The scores at which triggers act, for what scoring foresees."""
    for trigger in Trigger.objects.active(timezone.now()):
        name = _g("trigger “%(name)s”") % {"name": trigger.name}
        yield Level(trigger.group_id, trigger.threshold, name, trigger.direction == Trigger.Direction.RISING)


def acted(contact_id: int, since: datetime) -> Iterator[Mark]:
    """When triggers acted on a contact, for the curve of the score."""
    firings = Firing.objects.filter(contact=contact_id, at__gte=since, state=Firing.State.FIRED)
    for firing in firings.select_related("trigger"):
        name = _g("trigger “%(name)s”") % {"name": firing.trigger.name}
        yield Mark(firing.at, firing.trigger.group_id, firing.after, name)


level_sources.add(LevelSource("triggers", thresholds))
mark_sources.add(MarkSource("firings", acted))
panels.add(
    Panel("actions", _("Actions"), "campaigns/panel.html", actions, position=40, permission="campaigns.view_delivery")
)
