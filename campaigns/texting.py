"""Sending an SMS to a contact: who may be texted, the text with short tracked links, the Message as it left."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from campaigns import sms as gateway
from campaigns.mail import html, links
from campaigns.mail.fields import Person, placeholders
from campaigns.mail.send import reason
from campaigns.models import Delivery, Message, Sms
from campaigns.registry import Skipped
from contacts import consent
from contacts.models import Channel, Contact, Purpose
from contacts.remarks import Remark
from tracking import addresses, subjects
from tracking.models import Subject
from tracking.tokens import Ref

STOP = re.compile(r"\bSTOP\b")  # as in "STOP to 36180": then the gateway tells us (campaigns.sms_inbound)


def to_contact(delivery: Delivery, sms: Sms, contact: Contact) -> str:
    """Send to the contact. Raises Skipped for somebody who may not be texted."""
    if not contact.phone:
        raise Skipped(Remark(_("The contact has no phone number.")))
    if consent.is_blocked(contact, Channel.SMS):
        raise Skipped(Remark(_("The contact may not be sent SMS (do not contact).")))
    source = subjects.register(Subject.Type.SMS, sms.pk, str(sms))
    message = Message.objects.update_or_create(
        delivery=delivery,
        defaults={"contact": contact, "recipient": contact.phone, "subject": source, "channel": Channel.SMS},
    )[0]
    message.text = compose(sms, contact, source, message.pk, delivery)
    message.headers = {"key": str(delivery.key)}
    message.save()
    answer = gateway.transmit(contact.phone, message.text, str(delivery.key))
    return Remark(_("Sent to %(number)s: %(answer)s"), number=contact.phone, answer=answer)


def compose(sms: Sms, contact: Contact, source: Subject, message_id: int, delivery: Delivery) -> str:
    """The text for this contact; links go through the click counter where that is allowed."""
    prepared = html.prepare("", sms.body)
    tracked: dict[str, Ref] = {}
    if consent.allowed(Purpose.LINK_TRACKING, [contact.pk]):
        found = links.link_subjects(source, prepared.tracked())
        tracked = {url: Ref(contact.pk, link_id, message_id) for url, link_id in found.items()}
    person = Person(contact, _ways_out(Ref(contact.pk, source.pk, message_id)) | reason(delivery))
    return _filled(sms, prepared, tracked, person)


def preview(sms: Sms, contact: Contact) -> str:
    """The text as this contact would get it, with a link as long as a tracked one."""
    prepared = html.prepare("", sms.body)
    longest = Ref(2**40, 2**40, 2**40)
    return _filled(sms, prepared, dict.fromkeys(prepared.tracked(), longest), Person(contact, _ways_out(longest)))


def _ways_out(ref: Ref) -> dict[str, str]:
    return {"unsubscribe_url": links.preferences(ref), "preferences_url": links.preferences(ref)}


def _filled(sms: Sms, prepared: html.Prepared, tracked: Mapping[str, Ref], person: Person) -> str:
    """The text, with where to say stop at its end, unless it says so itself: by a link, or by the word."""

    def address(url: str) -> str:
        return addresses.clicked(tracked[url]) if url in tracked else url

    text = html.fill(prepared.text, prepared, person.value, address, escape=False)
    named = {placeholder.name for placeholder in placeholders(sms.body)}
    if named & {"unsubscribe_url", "preferences_url"} or STOP.search(sms.body):
        return text
    return f"{text}\nStop: {person.extra['preferences_url']}"
