"""A form is posted: is it from our form, is it a person, is it valid? Then it becomes a hit."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Purpose
from tracking import browsers, formfields, hits, nonces, payload, subjects, tokens
from tracking.doorbell import ring
from tracking.formfields import AnswersForm
from tracking.hits import NewHit
from tracking.models import Form, Kind, Subject
from tracking.payload import Payload, Refused

logger = logging.getLogger(__name__)

MAX_BYTES = 256_000
MIN_SECONDS = 1.0  # nobody reads and fills in a form faster; whoever does is asked to press the button again
ENCODINGS = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
HONEYPOT = "bareme_fax"
RESERVED = "bareme_"  # names of our own inputs begin with this, so a field's key may not


@dataclass(frozen=True)
class Posted:
    """What a post came to. Without `accepted`, `answers` carries the errors and `error` what concerns the whole form."""

    answers: AnswersForm
    accepted: bool = False
    error: str = ""
    visitor_id: uuid.UUID = field(default_factory=uuid.uuid4)
    agreed: tuple[str, ...] = ()  # the purposes agreed to

    @property
    def agreed_to_web_tracking(self) -> bool:
        return Purpose.WEB_TRACKING in self.agreed


def receive(request: HttpRequest, form: Form, *, uid: str = "") -> Posted:
    """Validate a post and record it. Nothing is recorded unless all of it is right; twice the same post counts once.

    A filled-in honeypot is answered like a success and not recorded: a robot learns nothing.
    """
    values = _values(request)
    answers = formfields.build(form, values, uid=uid)
    visitor = browsers.as_uuid(values.get("bareme_visitor")) or browsers.visitor_id(request) or uuid.uuid4()
    try:
        origin = _origin(request, form, values)
    except ValueError as error:
        return Posted(answers=answers, error=str(error))
    if values.get(HONEYPOT):
        logger.info("form %s: a robot filled in the honeypot", form.pk)
        return Posted(answers=answers, accepted=True, visitor_id=visitor)
    if not answers.is_valid():
        return Posted(answers=answers)
    consents = answers.consents()
    _record(request, form, answers, values, origin, visitor)
    return Posted(answers=answers, accepted=True, visitor_id=visitor, agreed=tuple(consents))


def _values(request: HttpRequest) -> Any:
    """The posted values: form-encoded, multipart, or a JSON object of texts and lists."""
    payload.check_size(request, MAX_BYTES)
    if request.content_type not in ENCODINGS:
        raise Refused(415, _("A form or JSON is expected."))
    if request.content_type == "application/json":
        return _from_json(Payload.of(payload.json_value(request, MAX_BYTES)))
    try:
        return request.POST
    except (UnreadablePostError, MultiPartParserError, BadRequest, SuspiciousOperation):
        raise Refused(400, _("The form arrived incomplete or damaged.")) from None


def _from_json(sent: Payload) -> QueryDict:
    values = QueryDict(mutable=True)
    for name, value in sent.values.items():
        items = value if isinstance(value, list) else [value]
        values.setlist(name, [_text(name, item) for item in items if item not in (None, False)])
    return values


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "on"
    if not isinstance(value, str | int | float):
        raise payload.Wrong(name, _("A text, a number, yes or no, or a list of texts is expected."))
    return str(value)


def _origin(request: HttpRequest, form: Form, values: Mapping[str, Any]) -> str:
    """Where the post proves to come from, as one text per drawing of the form. Raises ValueError with the sentence to show.

    A form drawn by us carries a nonce. Plain HTML on the marketer's page carries the form's token alone, so there the
    same answers from the same browser within a minute are one submission.
    """
    if given := values.get("bareme_nonce"):
        try:
            age = nonces.age(form, given)
        except nonces.Expired:
            raise ValueError(_("This page was open for very long. Please press the button once more.")) from None
        except tokens.BadToken:
            raise ValueError(_("This form was not complete. Please press the button once more.")) from None
        if age < MIN_SECONDS:
            raise ValueError(_("That was very quick. Please press the button once more."))
        return str(given)
    if nonces.is_form_token(form, values.get("bareme_token") or ""):
        seen = browsers.seen(request)
        return f"{form.pk} {seen['ip']} {seen['user_agent']} {timezone.now():%Y-%m-%d %H:%M}"
    raise ValueError(_("This form was not complete. Please press the button once more."))


def _record(
    request: HttpRequest,
    form: Form,
    answers: AnswersForm,
    values: Mapping[str, Any],
    origin: str,
    visitor_id: uuid.UUID,
) -> None:
    data: dict[str, Any] = {"form": form.pk, "answers": answers.answers()}
    if consents := answers.consents():
        data["consents"] = consents
    hits.record(
        NewHit(
            kind=Kind.FORM_SUBMITTED,
            key=nonces.submission_key(origin, data["answers"]),
            subject_id=subjects.register(Subject.Type.FORM, form.pk, str(form)).pk,
            url=_page(request, values),
            data=data,
            **browsers.seen(request) | {"visitor_id": visitor_id},
        )
    )
    ring()


def _page(request: HttpRequest, values: Mapping[str, Any]) -> str:
    """The page the form stood on: what our script or frame says, else where the browser says it comes from."""
    for url in (values.get("bareme_page") or "", request.headers.get("Referer", "")):
        if payload.is_web_address(url):
            return str(url)
    return request.build_absolute_uri()
