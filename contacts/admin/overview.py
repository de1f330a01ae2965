"""What the contact page shows: who this is, where in the funnel, in which lists and why, and the panels of the apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from contacts import countries, custom_values, panels
from contacts.models import Channel, Consent, Contact, CustomField, Purpose, Stage


@dataclass(frozen=True)
class Answer:
    """The answer in force to one question of consent, or none."""

    purpose: str
    latest: Consent | None


def context(contact: Contact, request: HttpRequest) -> dict[str, Any]:
    """Everything the page's template needs."""
    stages = list(Stage.objects.all())
    memberships = contact.memberships.select_related("segment").order_by("-is_member", "segment__name")
    return {
        "contact": contact,
        "initials": initials(contact),
        "facts": facts(contact),
        "stages": stages,
        "reached": [stage.pk for stage in stages if contact.stage and stage.position <= contact.stage.position],
        "tags": list(contact.tags.all()),
        "memberships": [row for row in memberships if row.segment.archived_at is None],
        "answers": answers(contact),
        "blocks": list(contact.blocks.all()),
        "channels": Channel.choices,
        "merges": contact.merges.filter(undone_at=None).select_related("loser"),
        "panels": rendered(contact, request),
    }


def initials(contact: Contact) -> str:
    letters = contact.first_name[:1] + contact.last_name[:1]
    return (letters or str(contact)[:1]).upper()


def facts(contact: Contact) -> list[tuple[Any, Any]]:
    """Labels and values of what we know, in the order people read; what is empty is left out."""
    language = contact.get_language_display() if contact.language else ""
    known: list[tuple[Any, Any]] = [
        (_("Email"), contact.email),
        (_("Phone"), contact.phone),
        (_("City"), ", ".join(filter(None, [contact.city, contact.country and countries.name(contact.country)]))),
        (_("Language"), language),
        (_("Time zone"), contact.time_zone),
        (_("Owner"), contact.owner and (contact.owner.get_full_name() or contact.owner.get_username())),
    ]
    fields = CustomField.objects.filter(archived_at__isnull=True)
    custom = [(field.label, custom_values.words(field, contact.fields.get(field.key))) for field in fields]
    return [(label, value) for label, value in [*known, *custom] if value not in (None, "")]


def answers(contact: Contact) -> list[Answer]:
    rows = contact.consents.order_by("purpose", "-given_at", "-id").distinct("purpose")
    latest = {row.purpose: row for row in rows}
    writing = [(Channel.EMAIL, _("Writing by email"), contact.email), (Channel.SMS, _("Writing by SMS"), contact.phone)]
    channels = [(value, label) for value, label, address in writing if address or value in latest]
    return [Answer(str(label), latest.get(value)) for value, label in [*Purpose.choices, *channels]]


def rendered(contact: Contact, request: HttpRequest) -> list[dict[str, Any]]:
    """The panels this user may see, ready to show."""
    return [
        {
            "key": panel.key,
            "title": panel.title,
            "html": render_to_string(panel.template, {**panel.context(contact), "contact": contact}, request),
        }
        for panel in panels.in_order()
        if not panel.permission or request.user.has_perm(panel.permission)
    ]
