"""The unsubscribe page: one click for people, one POST for their mail program (RFC 8058), nothing for those who only look."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from campaigns.mail import links
from campaigns.mail.links import UNSUBSCRIBE
from campaigns.models import Email, Message
from contacts import consent
from contacts.models import Channel, Contact, DoNotContact
from tracking import hits, tokens
from tracking.doorbell import ring
from tracking.hits import NewHit
from tracking.models import Kind, Subject
from tracking.tokens import Ref
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.drawing import speaking

KEYS = uuid.UUID("8f0c4d5b-7c55-4a5f-9f3c-6f5f3d0b8c11")  # never change: an unsubscribe counts once per message


@public("GET", "HEAD", "POST")
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button: scanners that open every link unsubscribe nobody. POST, with or without a browser, is final."""
    try:
        ref = tokens.unsign_ref(UNSUBSCRIBE, token)
    except tokens.BadToken:
        return answers.not_found(request)
    contact = contact_of(ref.contact_id)
    with speaking(language_of(ref, contact)):
        done = contact is None or request.method == "POST" or consent.is_blocked(contact, Channel.EMAIL)
        if request.method == "POST" and contact:
            with transaction.atomic():
                consent.block(contact, Channel.EMAIL, DoNotContact.Reason.UNSUBSCRIBED)
                note_unsubscribed(ref)
            ring()
        context = {
            "title": _("Unsubscribe"),
            "done": done,
            "is_test": ref.contact_id == 0,
            "preferences": links.preferences(ref) if contact else "",
        }
        return answers.page(request, "campaigns/unsubscribe.html", context)


def note_unsubscribed(ref: Ref) -> None:
    """Record what happened, once for each message: of whom it was sent to, be they merged into another or not."""
    hits.record(
        NewHit(
            kind=Kind.UNSUBSCRIBED,
            key=uuid.uuid5(KEYS, f"{ref.contact_id} {ref.message_id}"),
            contact_id=ref.contact_id,
            subject_id=ref.subject_id or None,
            message_id=ref.message_id or None,
        )
    )


def contact_of(pk: int) -> Contact | None:
    """Whom the mail was sent to, or whoever they were merged into; None once they are erased."""
    contact = Contact.objects.filter(pk=pk).first()
    while contact and contact.merged_into:
        contact = contact.merged_into
    return contact


def language_of(ref: Ref, contact: Contact | None) -> str:
    """That of the mail, else the contact's own."""
    message = Message.objects.filter(pk=ref.message_id).select_related("subject").first()
    about = message.subject if message else None
    if about and about.ref_id and about.type == Subject.Type.EMAIL:
        email = Email.objects.filter(pk=about.ref_id).first()
        if email and email.language:
            return email.language
    return contact.language if contact else ""
