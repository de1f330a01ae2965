"""What a contact gets: subject, text and HTML of a mail, with personal fields, tracked links, pixel and unsubscribe footer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from campaigns.mail import html, links
from campaigns.mail.fields import PLACEHOLDER, Person, one_line, parse, placeholders
from campaigns.models import Email
from contacts.models import Contact
from tracking import addresses
from tracking.models import Subject
from tracking.tokens import Ref
from tracking.verdicts import hidden_link

WAYS_OUT = ("unsubscribe_url", "preferences_url")


@dataclass(frozen=True)
class Tracking:
    """Which copy of the message this is, and what of it may be followed."""

    contact_id: int
    message_id: int
    source: Subject
    opens: bool
    links: bool

    def ref(self, subject_id: int) -> Ref:
        return Ref(self.contact_id, subject_id, self.message_id)


@dataclass(frozen=True)
class Rendered:
    title: str
    sender: str
    reply_to: str
    html: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


def email(
    email: Email,
    contact: Contact,
    *,
    tracking: Tracking | None = None,
    extra: Mapping[str, str] | None = None,
    leaving: Ref | None = None,
) -> Rendered:
    """Render for a contact. Without `tracking` nothing is followed.

    The links to unsubscribe and to choose are those of `tracking` or of `leaving`; without either (previews, mails to
    colleagues) there are none.
    """
    with translation.override(email.language or contact.language or settings.LANGUAGE_CODE):
        leaving = tracking.ref(tracking.source.pk) if tracking else leaving
        unsubscribe = links.unsubscribe(leaving) if leaving else ""
        preferences = links.preferences(leaving) if leaving else ""
        ways_out = {"unsubscribe_url": unsubscribe, "preferences_url": preferences}
        person = Person(contact, {**ways_out, **(extra or {})})
        return Rendered(
            title=line(email.subject_line, person),
            sender=_sender(email, person),
            reply_to=one_line(email.reply_to),
            html=_html(email, person, tracking),
            text=_text(email, person, tracking),
            headers=_headers(unsubscribe),
        )


def line(template: str, person: Person) -> str:
    """A header's text. Line breaks in a value become spaces; one in the template stays, for `send` to refuse."""
    return PLACEHOLDER.sub(lambda match: one_line(person.value(parse(match))), template)


def _sender(email: Email, person: Person) -> str:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((one_line(line(email.from_name, person)) or name, email.from_email or address))


def _html(email: Email, person: Person, tracking: Tracking | None) -> str:
    if not email.html.strip():
        return ""
    prepared = html.prepare(email.html, email.text)
    body = html.fill(prepared.html, prepared, person.value, _addresses(prepared, tracking), escape=True)
    if email.preheader:
        hidden = render_to_string("emails/preheader.html", {"text": line(email.preheader, person)})
        body = _insert_after_body(body, hidden)
    last = ""
    if left_out := _left_out(person, {placeholder.name for placeholder in placeholders(email.html)}):
        last += render_to_string("emails/footer.html", left_out)
    if tracking and tracking.opens:
        last += render_to_string("emails/pixel.html", {"address": addresses.opened(tracking.ref(tracking.source.pk))})
    if tracking and tracking.links:  # for machines: whoever follows it is none of the people this was sent to
        trap = addresses.clicked(tracking.ref(hidden_link.subject_id()), hidden_link.target())
        last = render_to_string("emails/hidden.html", {"address": trap}) + last
    head, end, tail = body.rpartition("</body>")
    return f"{head}{last}{end}{tail}"


def _text(email: Email, person: Person, tracking: Tracking | None) -> str:
    prepared = html.prepare(email.html, email.text)
    body = html.fill(prepared.text, prepared, person.value, _addresses(prepared, tracking), escape=False)
    if left_out := _left_out(person, {name for name in WAYS_OUT if (url := person.extra.get(name)) and url in body}):
        body += render_to_string("emails/footer.txt", left_out)
    return body


def _left_out(person: Person, shown: Collection[str]) -> dict[str, str]:
    """The links a mail must have and its text does not: unsubscribe, and choose what is allowed."""
    return {name: url for name in WAYS_OUT if name not in shown and (url := person.extra.get(name, ""))}


def _addresses(prepared: html.Prepared, tracking: Tracking | None) -> Callable[[str], str]:
    """Where a link of the template leads: through the click counter where that is allowed, else straight on."""
    if tracking is None or not tracking.links:
        return str
    found = links.link_subjects(tracking.source, prepared.tracked())
    return lambda url: addresses.clicked(tracking.ref(found[url]), url) if url in found else url


def _insert_after_body(document: str, piece: str) -> str:
    start = document.find("<body")
    end = document.find(">", start) + 1
    return document[:end] + piece + document[end:] if start >= 0 and end > 0 else piece + document


def _headers(unsubscribe: str) -> dict[str, str]:
    """One click, as RFC 8058 asks."""
    if not unsubscribe:
        return {}
    return {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
