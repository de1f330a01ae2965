"""Answers to our SMS: STOP stops, START starts again. A gateway passes them on with an API key."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext_lazy as _

from contacts import choices, consent
from contacts.fields import normalise_phone
from contacts.models import Channel, Contact, DoNotContact
from contacts.remarks import Remark
from tracking import payload
from tracking.doorbell import ring
from tracking.models import ApiKey
from tracking.payload import Payload, Wrong
from tracking.views.answers import public
from tracking.views.api import with_key

MAX_BYTES = 20_000
# Without accents; what operators and their customers are used to in English and French.
STOP = {"STOP", "STOPALL", "ARRET", "FIN", "END", "CANCEL", "QUIT", "UNSUBSCRIBE", "DESABONNER", "DESINSCRIRE"}
START = {"START", "UNSTOP", "REPRENDRE"}


@public("POST")
@with_key
def inbound(request: HttpRequest, key: ApiKey) -> JsonResponse:
    """Take an SMS that was sent to us: {"from": "+33612345678", "text": "STOP"}. Repeating it is harmless."""
    sent = Payload.of(payload.json_value(request, MAX_BYTES))
    sent.refuse_others("from", "text")
    try:
        phone = normalise_phone(sent.text("from", 40, required=True))
    except ValidationError as error:
        raise Wrong("from", " ".join(error.messages)) from None
    text = sent.text("text", 2_000)
    meant = meaning(text)
    contacts = list(Contact.objects.filter(phone=phone, merged_into=None).order_by("pk")) if meant else []
    with transaction.atomic():
        for contact in contacts:
            (_stop if meant == "stop" else _start)(contact, text)
    if contacts:
        ring()
    return JsonResponse({"understood": meant, "contacts": len(contacts)}, status=202)


def meaning(text: str) -> str:
    """ "stop", "start", or "" for anything else. The first word decides: people add a point, or thanks."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    words = re.findall(r"[A-Z]+", plain)
    first = words[0] if words else ""
    return "stop" if first in STOP else "start" if first in START else ""


def _source() -> Remark:
    return Remark(_("Answer by SMS"))


def _stop(contact: Contact, text: str) -> None:
    if consent.block(contact, Channel.SMS, DoNotContact.Reason.UNSUBSCRIBED):
        consent.withdraw(contact, Channel.SMS, text=text[:200], source=_source())


def _start(contact: Contact, text: str) -> None:
    blocks = DoNotContact.objects.filter(contact=contact, channel=Channel.SMS, reason__in=choices.OWN_WISH)
    if blocks.delete()[0]:
        consent.give(contact, Channel.SMS, text=text[:200], source=_source())
