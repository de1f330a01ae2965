"""The answer to the banner of a landing page. From a yes on the browser is followed, and the visit it was given on counts."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from contacts import consent_texts
from contacts.models import Purpose
from tracking import banner, browsers, experiments, hits, passes, payload, visits
from tracking.doorbell import ring
from tracking.hits import NewHit
from tracking.models import Kind, LandingPage
from tracking.payload import Payload, Refused, Wrong
from tracking.views import answers
from tracking.views.answers import public

MAX_BYTES = 16_000


@public("POST")
def choice(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Only our own page can send this: a browser asks before it posts JSON to another site, and we do not answer that."""
    if request.content_type != "application/json":
        raise Refused(415, _("Content-Type: application/json is expected."))
    sent = Payload.of(payload.json_value(request, MAX_BYTES))
    granted = sent.values.get("granted")
    if not isinstance(granted, bool):
        raise Wrong("granted", _("Yes or no is expected: true or false."))
    language, version = sent.text("language", 10), sent.number("version") or 0
    page = LandingPage.objects.select_related("form").filter(slug=slug).first()
    if page is None or not page.is_open():
        return answers.not_found(request)
    text = consent_texts.said(Purpose.WEB_TRACKING, language, version)
    response: HttpResponse = JsonResponse({})
    response["Cache-Control"] = "no-store"
    browsers.keep_answer(response, request, banner.kept(granted, language if text else "en", version))
    if not visits.is_nobody(request, page):
        _note(request, response, page, sent, granted=granted, text=text)
    return response


def _note(
    request: HttpRequest, response: HttpResponse, page: LandingPage, sent: Payload, *, granted: bool, text: str
) -> None:
    """The answer, and with a yes the visit. The no of a browser that nobody knows is noted nowhere."""
    seen = browsers.seen(request)
    contact_id = passes.contact_id(request.GET.get(passes.PARAMETER, ""))
    undecided, is_new = sent.uuid("visitor"), granted and seen["visitor_id"] is None
    if is_new:
        seen["visitor_id"] = undecided or uuid.uuid4()
    if seen["visitor_id"] or contact_id:
        url = request.build_absolute_uri(visits.address(page))
        data = banner.data(granted, url, text)
        hits.record(NewHit(kind=Kind.CONSENT_ANSWERED, contact_id=contact_id, url=url, data=data, **seen))
    if is_new and seen["visitor_id"]:
        browsers.remember(response, request, seen["visitor_id"])
        # Whoever had refused saw the page as it is, and counts from the next visit on.
        if undecided and "sent" not in request.GET:
            variant = experiments.shown(experiments.running(page), undecided)
            visits.record(request, page, seen, variant, referrer=_referrer(sent), instead=undecided)
    elif not granted:
        browsers.forget(response, request)
    ring()


def _referrer(sent: Payload) -> str:
    """Where the browser says it came from: an app, perhaps, and however long. No reason to refuse an answer."""
    given = sent.values.get("referrer")
    return given[:1_000] if isinstance(given, str) else ""
