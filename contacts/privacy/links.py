"""A link by which a person fetches the copy of their own data: signed, about one person, good for some days."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse

from contacts.merging import become
from contacts.models import Contact

SALT = "contacts.privacy.copy"
DAYS = 7


def link(contact: Contact) -> str:
    """The address to send to the person, and to nobody else: whoever has it can fetch the copy."""
    path = reverse("tracking:copy", args=[signing.dumps(contact.pk, salt=SALT)])
    return str(settings.PUBLIC_URL.rstrip("/")) + path


def find(token: str) -> Contact | None:
    """Whose copy a link is about; None for one that is not ours, has expired, or whose person is gone."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=DAYS * 86_400)
    except signing.BadSignature:
        return None
    contact = Contact.objects.filter(pk=pk).first()
    return become(contact) if contact else None
