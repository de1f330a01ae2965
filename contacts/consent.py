"""What people allow: consent per purpose with its proof, and blocks per channel."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from contacts import consent_policies, consent_texts
from contacts.models import Consent, Contact, DoNotContact


def allowed(purpose: str, contact_ids: Iterable[int]) -> set[int]:
    """Those of the contacts for whom this purpose is allowed, in one statement: the latest answer is in force.

    Without an answer, a purpose that needs an explicit yes (`consent_policies`) is not allowed; any other is.
    """
    ids = set(contact_ids)
    latest = Consent.objects.filter(purpose=purpose, contact__in=ids).order_by("contact_id", "-given_at", "-id")
    answers = dict(latest.distinct("contact_id").values_list("contact_id", "granted"))  # index latest_consent
    unanswered = purpose not in consent_policies.required()
    return {contact_id for contact_id in ids if answers.get(contact_id, unanswered)}


def give(contact: Contact | int, purpose: str, text: str = "", source: str = "", ip: str | None = None) -> Consent:
    """Note a yes, with the text that was shown and where. Appends; the IP address is kept shortened."""
    return _answer(contact, purpose, True, text, source, ip)


def withdraw(contact: Contact | int, purpose: str, text: str = "", source: str = "", ip: str | None = None) -> Consent:
    """Note a no; see `give`."""
    return _answer(contact, purpose, False, text, source, ip)


def block(contact: Contact | int, channel: str, reason: str = DoNotContact.Reason.MANUAL, note: str = "") -> bool:
    """Never write to the contact by this channel; True if that is new. The first reason stays. Safe to repeat and race."""
    _row, created = DoNotContact.objects.get_or_create(
        contact_id=_id(contact), channel=channel, defaults={"reason": reason, "note": note[:200]}
    )
    return created


def unblock(contact: Contact | int, channel: str) -> bool:
    """Take a block away; True if there was one."""
    return DoNotContact.objects.filter(contact_id=_id(contact), channel=channel).delete()[0] > 0


def is_blocked(contact: Contact | int, channel: str) -> bool:
    return DoNotContact.objects.filter(contact_id=_id(contact), channel=channel).exists()


def blocked(channel: str, contact_ids: Iterable[int]) -> set[int]:
    """Those of the contacts whom this channel must not reach, in one statement."""
    rows = DoNotContact.objects.filter(channel=channel, contact__in=set(contact_ids))
    return set(rows.values_list("contact_id", flat=True))


def answers(contact: Contact | int) -> dict[str, Consent]:
    """The answers of this contact that are in force, by purpose."""
    rows = Consent.objects.filter(contact=_id(contact)).order_by("purpose", "-given_at", "-id").distinct("purpose")
    return {row.purpose: row for row in rows}


def shortened(ip: str | None) -> str | None:
    """An IP address without its last part (IPv4 /24, IPv6 /48): proof enough, and nobody's door."""
    try:
        address = ipaddress.ip_address((ip or "").strip())
    except ValueError:
        return None
    network = ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
    return str(network.network_address)


def _answer(contact: Contact | int, purpose: str, granted: bool, text: str, source: str, ip: str | None) -> Consent:
    return Consent.objects.create(
        contact_id=_id(contact),
        purpose=purpose,
        granted=granted,
        text=text,
        shown=consent_texts.versions_of([(purpose, text)]).get((purpose, text)),
        source=source,
        ip=shortened(ip),
    )


def _id(contact: Contact | int) -> int:
    return contact.pk if isinstance(contact, Contact) else contact
