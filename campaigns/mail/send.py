"""Sending: the last look at who may be written to, the Message exactly as it leaves, and what the mail server says."""

from __future__ import annotations

import smtplib
import uuid
from collections.abc import Sequence
from email.utils import formataddr, formatdate, parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns.mail import render
from campaigns.mail.fields import one_line
from campaigns.mail.render import Rendered, Tracking
from campaigns.models import Delivery, Email, Message
from campaigns.registry import DeliveryError, Skipped
from contacts import consent
from contacts.models import Channel, Contact, DoNotContact, Purpose
from contacts.remarks import Remark
from contacts.wording import number
from tracking import subjects
from tracking.models import Subject
from tracking.tokens import Ref

# An address that will never take mail, rather than a server that will not take this one (RFC 3463: bad mailbox, moved).
BOUNCES = ("5.1.1", "5.1.2", "5.1.6", "5.1.10")


def to_contact(delivery: Delivery, email: Email, contact: Contact) -> str:
    """Send to the contact, followed only as far as they consent. Raises Skipped for somebody who may not be written to."""
    address = _reachable(contact)
    source = subjects.register(Subject.Type.EMAIL, email.pk, str(email))
    message = _message(delivery, contact, address, source)
    tracking = Tracking(
        contact_id=contact.pk,
        message_id=message.pk,
        source=source,
        opens=bool(consent.allowed(Purpose.EMAIL_TRACKING, [contact.pk])),
        links=bool(consent.allowed(Purpose.LINK_TRACKING, [contact.pk])),
    )
    rendered = render.email(email, contact, tracking=tracking, extra=reason(delivery))
    _keep(message, rendered, [_recipient(contact, address)], delivery)
    try:
        _hand_over(rendered, message)
    except DeliveryError as error:
        if error.permanent and (bounce := bounce_of(error)):
            consent.block(contact, Channel.EMAIL, DoNotContact.Reason.BOUNCED, note=bounce[:200])
        raise
    return Remark(_("Sent to %(address)s."), address=address)


def to_colleagues(delivery: Delivery, email: Email, contact: Contact, addresses: Sequence[str]) -> str:
    """One mail about the contact to all these addresses: not followed, no unsubscribe link."""
    message = _message(
        delivery, None, ", ".join(addresses), subjects.register(Subject.Type.EMAIL, email.pk, str(email))
    )
    rendered = render.email(email, contact, extra=reason(delivery))
    _keep(message, rendered, list(addresses), delivery)
    _hand_over(rendered, message)
    return Remark(_("Sent to %(address)s."), address=", ".join(addresses))


def notice(delivery: Delivery, rendered: Rendered, addresses: Sequence[str]) -> str:
    """A mail of the product itself to colleagues: not followed, made from no Email."""
    values = {"recipient": ", ".join(addresses)[:2000], "channel": Channel.EMAIL}
    message = Message.objects.update_or_create(delivery=delivery, defaults=values)[0]
    _keep(message, rendered, list(addresses), delivery)
    _hand_over(rendered, message)
    return Remark(_("Sent to %(address)s."), address=", ".join(addresses))


def test_to(email: Email, contact: Contact, address: str) -> None:
    """Send a test, as it would look for this contact. Nothing is kept or followed. Raises DeliveryError."""
    rendered = render.email(email, contact, leaving=Ref(0, 0, 0))  # of nobody: trying the links changes nothing
    title = _g("[Test] %(subject)s") % {"subject": rendered.title}
    headers = {**rendered.headers, "Message-ID": f"<{uuid.uuid4()}@{_domain(rendered.sender)}>"}
    _transmit(_compose(title, rendered, [address], headers))


def reason(delivery: Delivery) -> dict[str, str]:
    """What a mail may say of why it is sent."""
    if firing := delivery.firing:
        return {"reason.name": firing.trigger.name, "reason.score": number(firing.after)}
    return {"reason.name": delivery.step_run.step.campaign.name if delivery.step_run else "", "reason.score": ""}


# --- who may be written to --------------------------------------------------------------------------------------------


def _reachable(contact: Contact) -> str:
    if not contact.email:
        raise Skipped(Remark(_("The contact has no email address.")))
    if consent.is_blocked(contact, Channel.EMAIL):
        raise Skipped(Remark(_("The contact may not be sent emails (do not contact).")))
    try:
        validate_email(contact.email)
    except ValidationError:
        raise Skipped(Remark(_("“%(address)s” is not an email address."), address=contact.email)) from None
    return contact.email


# --- the message as it leaves -----------------------------------------------------------------------------------------


def _message(delivery: Delivery, contact: Contact | None, recipient: str, source: Subject) -> Message:
    """The delivery's message, made before its links are signed: they carry its id. A second attempt uses the first's."""
    values = {"contact": contact, "recipient": recipient[:2000], "subject": source, "channel": Channel.EMAIL}
    return Message.objects.update_or_create(delivery=delivery, defaults=values)[0]


def _recipient(contact: Contact, address: str) -> str:
    """The contact with their name, which a form may have brought: no part of it is read as an encoded word."""
    return formataddr((one_line(contact.name).replace("=?", "= ?"), address))


def _keep(message: Message, rendered: Rendered, to: Sequence[str], delivery: Delivery) -> None:
    message.sender, message.title = rendered.sender[:254], rendered.title[:500]
    message.html, message.text = rendered.html, rendered.text
    message.headers = {
        "From": rendered.sender,
        "To": ", ".join(to),
        **({"Reply-To": rendered.reply_to} if rendered.reply_to else {}),
        "Subject": rendered.title,
        "Date": formatdate(localtime=True),
        "Message-ID": f"<{delivery.key}@{_domain(rendered.sender)}>",
        **rendered.headers,
    }
    message.save()


def _hand_over(rendered: Rendered, message: Message) -> None:
    own = {name: value for name, value in message.headers.items() if name not in ("From", "To", "Reply-To", "Subject")}
    to = (
        [part.strip() for part in message.headers["To"].split(", ")]
        if message.contact_id is None
        else [message.headers["To"]]
    )
    _transmit(_compose(rendered.title, rendered, to, own))


def _compose(title: str, rendered: Rendered, to: Sequence[str], headers: dict[str, str]) -> EmailMultiAlternatives:
    for value in (title, rendered.sender, rendered.reply_to, *to, *headers.values()):
        if any(character in value for character in "\r\n\x00"):
            problem = Remark(_("A header of this email has a line break in it: nothing was sent."))
            raise DeliveryError(problem, permanent=True)
    reply_to = [rendered.reply_to] if rendered.reply_to else None
    text_only = not rendered.html
    mail = EmailMultiAlternatives(title, rendered.text, rendered.sender, list(to), headers=headers, reply_to=reply_to)
    if not text_only:
        mail.attach_alternative(rendered.html, "text/html")
    return mail


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or settings.PUBLIC_HOST


# --- what the mail server says ----------------------------------------------------------------------------------------


def _transmit(mail: EmailMultiAlternatives) -> None:
    """Hand the mail to the server of EMAIL_URL. Raises DeliveryError: permanent where it refused for good (5xx)."""
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise _refused(code, answer) from error
    except smtplib.SMTPAuthenticationError as error:  # the operator's trouble, not this mail's: it passes
        raise DeliveryError(_answer(error.smtp_code, error.smtp_error), permanent=False) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"{type(error).__name__}: {error}", permanent=False) from error


def _refused(code: int, answer: bytes | str) -> DeliveryError:
    return DeliveryError(_answer(code, answer), permanent=500 <= code < 600)


def _answer(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(text.split())}"


def bounce_of(error: DeliveryError) -> str:
    """The server's words, if they say that the address does not exist; else ""."""
    return str(error) if any(f" {code} " in f" {error} " for code in BOUNCES) else ""
