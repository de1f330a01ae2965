"""The API's answers about consent: what a server of the marketer's was told, with the proof that each answer needs."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts import consent_texts
from contacts.consent import shortened
from contacts.models import Channel
from tracking import banner
from tracking.hits import NewHit, new_key
from tracking.models import ApiKey, Kind
from tracking.payload import Payload, Wrong
from tracking.views.answers import public
from tracking.views.api import all_or_nothing, one_or_several, with_key

KEYS = uuid.UUID("5f1b7c7e-8e0d-4c46-9d0b-3c1f6a1d2b90")
FIELDS = (
    "email", "visitor", "purpose", "granted", "text", "language", "version", "source", "ip", "at", "key",
)  # fmt: skip


@public("POST")
@with_key
def consents(request: HttpRequest, key: ApiKey) -> JsonResponse:
    """Take one answer, or up to 1000 in a list. A wrong one is named, and then none is recorded."""
    none, too_many = _("There are no answers in this request."), _("At most %(limit)d answers are accepted at once.")
    items = one_or_several(request, none, too_many)
    return all_or_nothing(items, lambda sent: _answer(sent, key), _wrong)


def _answer(sent: Payload, key: ApiKey) -> NewHit:
    sent.refuse_others(*FIELDS)
    email, visitor_id = sent.email(), sent.uuid("visitor")
    if not email and not visitor_id:
        raise Wrong("email", _("Say who it was: by email or visitor."))
    purpose = sent.text("purpose", 20, required=True)
    if purpose not in banner.ANY:
        raise Wrong("purpose", _("Known purposes and channels are: %(names)s.") % {"names": ", ".join(banner.ANY)})
    if purpose in Channel.values and not email:
        raise Wrong("email", _("Whether we may write to somebody is said of an email, not of a visitor."))
    granted = sent.values.get("granted")
    if not isinstance(granted, bool):
        raise Wrong("granted", _("true or false is expected."))
    text = _text(sent, purpose)
    if granted and not text:
        raise Wrong("text", _("A yes needs its proof: the text that was shown, or language and version of ours."))
    data = {"purpose": purpose, "granted": granted, "text": text, "source": _source(sent) or key.name}
    own_key = sent.text("key", 200)
    return NewHit(
        kind=Kind.CONSENT_ANSWERED,
        key=uuid.uuid5(KEYS, f"{key.pk}:{own_key}") if own_key else new_key(),
        at=sent.moment("at"),
        visitor_id=visitor_id,
        ip=_ip(sent),
        data={**data, "email": email, "trusted": True} if email else data,
    )


def _text(sent: Payload, purpose: str) -> str:
    """The words that were shown: as sent, or those of a version of ours."""
    text, language = sent.text("text", banner.MAX_TEXT), sent.text("language", 10)
    version = sent.number("version", most=1_000_000)
    if version is None and not language:
        return text
    said = "" if text else consent_texts.said(purpose, language, version)
    if not said:
        raise Wrong("version", _("Send either the text, or language and version of one that stands under Consent."))
    return said


def _source(sent: Payload) -> str:
    """What begins like a remark of ours (contacts.remarks) would be read as one."""
    source = sent.text("source", 200)
    if source.startswith("{"):
        raise Wrong("source", _("A text is expected."))
    return source


def _ip(sent: Payload) -> str | None:
    text: Any = sent.text("ip", 45)
    try:
        return shortened(str(ipaddress.ip_address(text))) if text else None
    except ValueError:
        raise Wrong("ip", _("An IP address is expected.")) from None


def _wrong(count: int) -> str:
    sentence = ngettext(
        "Nothing was recorded: %(count)d answer is wrong.", "Nothing was recorded: %(count)d answers are wrong.", count
    )
    return sentence % {"count": count}
