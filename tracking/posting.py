"""A form is posted: is it from our form, is it a person, is it valid? Then it becomes a hit."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error, transaction
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.models import Purpose
from tracking import (
    apikeys,
    banner,
    browsers,
    crowding,
    fieldtypes,
    formfields,
    held,
    hits,
    kiosk,
    nonces,
    payload,
    ratelimits,
    suspicion,
    taking,
    tokens,
    uploads,
)
from tracking.browsers import Seen
from tracking.doorbell import ring
from tracking.formfields import AnswersForm
from tracking.hits import NewHit
from tracking.models import Form, FormField, Kind, Upload
from tracking.payload import Payload, Refused
from tracking.suspicion import Reason
from tracking.uploads import Checked

logger = logging.getLogger(__name__)

MAX_BYTES = 256_000  # without files
MIN_SECONDS = 1.0  # nobody reads and fills in a form faster; whoever does is asked to press the button again
PATIENT_SECONDS = 5.0  # where the browser was asked to calculate and has not
MAX_PER_DRAWING = 10  # submissions with the nonce of one drawing: a person corrects themselves, a robot goes on
ENCODINGS = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
HONEYPOT = "bareme_fax"
WORK = "bareme_work"
RESERVED = "bareme_"  # names of our own inputs begin with this, so a field's key may not


@dataclass(frozen=True)
class Posted:
    """What a post came to. Without `accepted`, `answers` carries the errors and `error` what concerns the whole form."""

    answers: AnswersForm
    accepted: bool = False
    error: str = ""
    visitor_id: uuid.UUID = field(default_factory=uuid.uuid4)
    agreed: tuple[str, ...] = ()  # the purposes agreed to
    confirms: bool = False  # by a mail that is on its way

    @property
    def sent(self) -> nonces.Sent:
        return nonces.Sent(self.visitor_id, confirms=self.confirms)

    @property
    def agreed_to_web_tracking(self) -> bool:
        return Purpose.WEB_TRACKING in self.agreed


def receive(request: HttpRequest, form: Form, *, uid: str = "") -> Posted:
    """Validate a post and record it. Nothing is recorded unless all of it is right; twice the same post counts once.

    What looks like spam is answered like a success and kept aside: a robot learns nothing, and a person loses nothing.
    """
    rows = taking.of(request).rows(form)
    values = _values(request, rows)
    is_ours = _is_ours(request)
    nonce = str(values.get("bareme_nonce") or "")
    left_out = nonces.left_out(form, nonce)
    completed = _completed(rows, values)
    answers = formfields.build(form, completed, request.FILES, rows=rows, left_out=left_out, uid=uid)
    seen = browsers.seen(request)
    visitor = browsers.as_uuid(values.get("bareme_visitor")) or seen["visitor_id"] or uuid.uuid4()
    worked = is_ours or (form.proof_of_work and nonces.is_worked(nonce, str(values.get(WORK) or "")))
    trapped = bool(values.get(HONEYPOT))
    try:
        origin = _origin(form, values, seen, worked=worked)
    except ValueError as error:
        return _refused(request, form, Posted(answers=answers, error=str(error)), is_ours=is_ours)
    if not answers.is_valid():
        wrong = Posted(answers=answers, accepted=trapped, visitor_id=visitor)
        return _refused(request, form, wrong, is_ours=is_ours)
    if nonce and ratelimits.count(nonces.NONCE_SECONDS, "nonce", nonce) > MAX_PER_DRAWING:
        said = _("This form was sent many times. Please press the button once more.")
        return _refused(request, form, Posted(answers=answers, error=said), is_ours=is_ours)
    is_busy = not is_ours and crowding.taken(request, form)
    if kiosk.forgets(request, form):
        visitor = uuid.uuid4()  # what they download is not of whose browser it is, either
        seen["visitor_id"] = None
    else:
        seen["visitor_id"] = visitor
    hit = _hit(request, form, answers, values, origin, seen)
    reasons = suspicion.reasons(answers.rows, hit.data["answers"], trapped=trapped, worked=worked, is_busy=is_busy)
    _keep(request, form, hit, answers.files_given(), [] if is_ours else reasons)
    return Posted(
        answers=answers,
        accepted=True,
        visitor_id=visitor,
        agreed=() if form.double_opt_in else tuple(answers.consents()),
        confirms=form.double_opt_in and bool(answers.consents()) and _gives_email(rows, hit),
    )


def _gives_email(rows: Sequence[FormField], hit: NewHit) -> bool:
    return any(row.contact_field == "email" and hit.data["answers"].get(row.key) for row in rows)


def _values(request: HttpRequest, rows: Sequence[FormField]) -> Any:
    """The posted values: form-encoded, multipart, or a JSON object of texts and lists."""
    _check_size(request, [fieldtypes.max_bytes(row) for row in rows if row.type == FormField.Type.FILE])
    if request.content_type not in ENCODINGS:
        raise Refused(415, _("A form or JSON is expected."))
    if request.content_type == "application/json":
        return _from_json(Payload.of(payload.json_value(request, MAX_BYTES)))
    try:
        return request.POST
    except (UnreadablePostError, MultiPartParserError, BadRequest, SuspiciousOperation):
        raise Refused(400, _("The form arrived incomplete or damaged.")) from None


def _check_size(request: HttpRequest, files: Sequence[int]) -> None:
    """Refuse what is larger than the form with its files can be; where it takes any, one of them is to blame."""
    try:
        payload.check_size(request, MAX_BYTES + sum(files))
    except Refused as refused:
        if not files or refused.status != 413:
            raise
        said = _("This file is too large: at most %(size)s are accepted.") % {"size": filesizeformat(max(files))}
        raise Refused(413, said) from None


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


def _is_ours(request: HttpRequest) -> bool:
    """Does a server of the marketer's hand on what its visitors typed? Then all of them come from one address."""
    key = apikeys.find(request.headers.get("Authorization", ""))
    if key:
        apikeys.note_use(key)
    return key is not None


def _refused(request: HttpRequest, form: Form, posted: Posted, *, is_ours: bool) -> Posted:
    if not is_ours:
        crowding.refused(request, form)
    return posted


def _completed(rows: Sequence[FormField], values: QueryDict) -> QueryDict:
    """The values, and from the address of the page what hidden fields take from there and nothing has filled in."""
    empty = [row for row in rows if (row.options or {}).get("parameter") and not values.get(row.key)]
    page = values.get("bareme_page") or ""
    if not empty or not payload.is_web_address(page):
        return values
    try:
        query = dict(parse_qsl(urlsplit(page).query, max_num_fields=100))
    except ValueError:
        return values
    completed = values.copy()
    for row in empty:
        completed[row.key] = formfields.parameter(row, query) or row.default
    return completed


def _origin(form: Form, values: Mapping[str, Any], seen: Seen, *, worked: bool) -> str:
    """Where the post proves to come from, as one text per drawing of the form. Raises ValueError with the sentence to show.

    A form drawn by us carries a nonce. Plain HTML on the marketer's page carries the form's token alone, so there the
    same answers from the same browser within a minute are one submission.
    """
    patience = PATIENT_SECONDS if form.proof_of_work and not worked else MIN_SECONDS
    if given := values.get("bareme_nonce"):
        try:
            age = nonces.age(form, given)
        except nonces.Expired:
            raise ValueError(_("This page was open for very long. Please press the button once more.")) from None
        except tokens.BadToken:
            raise ValueError(_("This form was not complete. Please press the button once more.")) from None
        if age < patience:
            raise ValueError(_("That was very quick. Please press the button once more."))
        return str(given)
    if nonces.is_form_token(form, values.get("bareme_token") or ""):
        if form.proof_of_work and not worked:
            raise ValueError(_("Please press the button once more, so that we know it is you and no robot."))
        return f"{form.pk} {seen['ip']} {seen['user_agent']} {timezone.now():%Y-%m-%d %H:%M}"
    raise ValueError(_("This form was not complete. Please press the button once more."))


def _hit(
    request: HttpRequest,
    form: Form,
    answers: AnswersForm,
    values: Mapping[str, Any],
    origin: str,
    seen: Seen,
) -> NewHit:
    data: dict[str, Any] = {"form": form.pk, "answers": answers.answers()}
    page = _page(request, values)
    digests = {key: checked.digest for key, checked in answers.files_given().items()}
    if consents := answers.consents():
        data["consents"] = consents
    answer = values.get(banner.COOKIE) or request.COOKIES.get(banner.COOKIE)
    if seen["visitor_id"] and (no := banner.told(answer, page)):
        data["banner"] = no
    if consents and form.double_opt_in:
        data["language"] = get_language()  # of the mail that asks to confirm them
    return NewHit(
        kind=Kind.FORM_SUBMITTED,
        key=nonces.submission_key(origin, {**data["answers"], **digests}),
        subject_id=taking.of(request).subject_id(form),
        url=page,
        data=data,
        **seen,
    )


def _keep(request: HttpRequest, form: Form, hit: NewHit, files: Mapping[str, Checked], reasons: list[Reason]) -> None:
    """The hit with its files, in the inbox or kept aside: all of it or nothing."""
    if not files and not reasons:
        taking.of(request).keep(hit)
        return
    written: list[Upload] = []
    try:
        with transaction.atomic():
            written = uploads.keep(form, hit.key, files)
            if reasons:
                held.hold(form, hit, reasons)
            else:
                hits.record(hit)
    except Error:
        uploads.forget_files(written)
        raise
    except OSError:
        logger.exception("form %s: a file could not be stored", form.pk)
        raise Refused(503, _("The file could not be stored. Please try again in a moment.")) from None
    if not reasons:
        ring()


def _page(request: HttpRequest, values: Mapping[str, Any]) -> str:
    """The page the form stood on: what our script or frame says, else where the browser says it comes from."""
    for url in (values.get("bareme_page") or "", request.headers.get("Referer", "")):
        if payload.is_web_address(url):
            return str(url)
    return request.build_absolute_uri()
