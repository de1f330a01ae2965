"""An icon and a sentence for every kind of event, the contact being the one who acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.text import capfirst
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.models import Channel, Contact, Purpose
from contacts.remarks import Remark
from contacts.wording import labelled, strung
from tracking.models import Kind
from tracking.subjects import readable

NOTHING = "–"
PURPOSES = dict([*Purpose.choices, *Channel.choices])
LABELS: dict[str, Any] = {  # of what events say besides; any other is the words of its key
    "answer": _("answer"),
    "channel": _("channel"),
    "granted": _("answer"),
    "purpose": _("purpose"),
    "reason": _("reason"),
    "source": _("source"),
    "url": _("address"),
}

# %(about)s is what it was about, %(inside)s what that stands in (the email of a link).
SENTENCES: dict[int, tuple[str, Any]] = {
    Kind.EMAIL_SENT: ("outgoing_mail", _("Was sent the email “%(about)s”")),
    Kind.EMAIL_OPENED: ("drafts", _("Opened the email “%(about)s”")),
    Kind.EMAIL_CLICKED: ("ads_click", _("Clicked “%(about)s” in the email “%(inside)s”")),
    Kind.SMS_SENT: ("sms", _("Was sent the SMS “%(about)s”")),
    Kind.SMS_CLICKED: ("ads_click", _("Clicked “%(about)s” in the SMS “%(inside)s”")),
    Kind.LANDING_PAGE_VISITED: ("web", _("Visited the landing page “%(about)s”")),
    Kind.PAGE_VISITED: ("language", _("Visited the page “%(about)s”")),
    Kind.FORM_STARTED: ("edit_note", _("Began to fill in the form “%(about)s”")),
    Kind.FORM_SUBMITTED: ("dynamic_form", _("Submitted the form “%(about)s”")),
    Kind.FORM_ANSWERED: ("dynamic_form", _("Answered “%(about)s”")),
    Kind.ASSET_DOWNLOADED: ("download", _("Downloaded “%(about)s”")),
    Kind.WEBINAR_REGISTERED: ("event_available", _("Registered for the webinar “%(about)s”")),
    Kind.WEBINAR_ATTENDED: ("podcasts", _("Attended the webinar “%(about)s”")),
    Kind.WEBINAR_MISSED: ("event_busy", _("Missed the webinar “%(about)s”")),
    Kind.CUSTOM: ("star", _("Event “%(about)s”")),
    Kind.CAMPAIGN_STARTED: ("account_tree", _("Started the campaign “%(about)s”")),
    Kind.CAMPAIGN_STEP: ("account_tree", _("Reached the step “%(about)s”")),
    Kind.IDENTIFIED: ("badge", _("Was identified")),
    Kind.UNSUBSCRIBED: ("unsubscribe", _("Unsubscribed")),
    Kind.CONSENT_ANSWERED: ("privacy_tip", _("Answered the consent banner: %(about)s")),
    Kind.CONTACT_CREATED: ("person_add", _("Became a contact")),
    Kind.CONTACT_CHANGED: ("edit", _("Changed: %(about)s")),
    Kind.TAG_ADDED: ("sell", _("Was given the tag “%(about)s”")),
    Kind.TAG_REMOVED: ("sell", _("Lost the tag “%(about)s”")),
    Kind.SEGMENT_ENTERED: ("group_add", _("Entered the segment “%(about)s”")),
    Kind.SEGMENT_LEFT: ("group_remove", _("Left the segment “%(about)s”")),
    Kind.STAGE_CHANGED: ("flag", _("Reached the stage “%(about)s”")),
    Kind.CONSENT_CHANGED: ("privacy_tip", _("Answered about consent: %(about)s")),
    Kind.BLOCKED: ("block", _("Is no longer contacted: %(about)s")),
    Kind.UNBLOCKED: ("check_circle", _("May be contacted again: %(about)s")),
}


def details(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an event says besides, with where an answer was given told in the language of the reader."""
    source = data.get("source")
    return {**data, "source": Remark.read(source)} if isinstance(source, str) else data


def content(kind: int, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an event says besides, in lines: a label and its words. Numbers of rows are left out: they tell nobody anything."""
    between = " → " if kind == Kind.CONTACT_CHANGED else ", "
    found = data.items()
    return [(label(name), _words(value, between)) for name, value in found if name != "id" and not name.endswith("_id")]


def label(name: str) -> str:
    """What an event's key is called: by its own words, by those of the contact's field, or by the words it is made of."""
    try:
        found = LABELS.get(name) or Contact._meta.get_field(name).verbose_name  # type: ignore[union-attr]
    except FieldDoesNotExist:
        found = readable(name)
    return capfirst(str(found))


def _words(value: Any, between: str = ", ") -> str:
    if isinstance(value, bool):
        return _g("yes") if value else _g("no")
    if isinstance(value, Mapping):
        return strung(labelled(readable(str(name)), _words(one)) for name, one in value.items()) or NOTHING
    if isinstance(value, list):
        return between.join(map(_words, value)) or NOTHING
    if isinstance(value, str):
        return str(PURPOSES.get(value) or Remark.read(value)) or NOTHING
    return NOTHING if value is None else str(value)


def of(kind: int) -> tuple[str, str]:
    """The icon (a Material symbol) and the sentence of a kind; kinds we do not know are shown, too."""
    icon, sentence = SENTENCES.get(kind, ("circle", _("Event “%(about)s”")))
    return icon, str(sentence)
