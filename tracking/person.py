"""What a program says about a person: the email, and perhaps more, each value as the contact can keep it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contacts import fields
from contacts.models import Contact, CustomField
from tracking.payload import Payload, Wrong

TEXTS = ("first_name", "last_name", "company", "job_title", "phone", "city", "country", "language", "time_zone")
NAMES = ("email", *TEXTS, "fields")


def person(payload: Payload) -> dict[str, Any]:
    """The person's email and whatever else was given, valid and normalised. Raises Wrong."""
    email = payload.email(required=True)
    texts = {name: text for name in TEXTS if (text := payload.text(name, 200))}
    known: dict[str, Any] = {"email": email, **texts}
    _clean(known)
    if custom := _custom(payload):
        known["fields"] = custom
    return known


def _clean(known: dict[str, Any]) -> None:
    """Let the contact itself say what is wrong, and normalise on the way."""
    contact = Contact(**{name: value for name, value in known.items() if name != "company"})
    try:
        contact.clean_fields(exclude=[field.name for field in Contact._meta.fields if field.name not in known])
        fields.clean_contact(contact)
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        raise Wrong(name, " ".join(sentences)) from None
    known.update({name: getattr(contact, name) for name in known if name != "company"})


def _custom(payload: Payload) -> dict[str, Any]:
    values = payload.properties("fields")
    known = set(CustomField.objects.filter(archived_at=None).values_list("key", flat=True)) if values else set()
    for key in values:
        if key not in known:
            raise Wrong(f"fields.{key[:80]}", _("There is no such custom field."))
    return values
