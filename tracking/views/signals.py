"""What mails and sites send by themselves: the open pixel, the click, the site pixel."""

from __future__ import annotations

import logging
import uuid

from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.encoding import iri_to_uri

from tracking import addresses, browsers, hits, passes, payload, tokens
from tracking.doorbell import ring
from tracking.hits import NewHit
from tracking.models import Kind, Link, Subject
from tracking.views import answers
from tracking.views.answers import public

logger = logging.getLogger(__name__)


@public("GET", "HEAD")
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The pixel in a mail. A HEAD looks at nothing and is not recorded."""
    try:
        ref = tokens.unsign_ref(addresses.OPEN, token)
    except tokens.BadToken:
        return answers.pixel(status=404)
    if request.method == "GET":
        _try_to_record(_hit(Kind.EMAIL_OPENED, ref, request))
    return answers.pixel()


@public("GET", "HEAD")
def clicked(request: HttpRequest, token: str) -> HttpResponseBase:
    """Record the click and redirect to the link of our own row: always, also when recording fails."""
    try:
        ref = tokens.unsign_ref(addresses.CLICK, token)
        link = Link.objects.select_related("source").filter(subject_id=ref.subject_id).first()
    except tokens.BadToken:
        return answers.not_found(request)
    except Error:
        logger.exception("a click could not be resolved")
        return answers.unavailable(request)
    if link is None or not payload.is_web_address(link.url):
        return answers.not_found(request)
    kind = Kind.SMS_CLICKED if link.source.type == Subject.Type.SMS else Kind.EMAIL_CLICKED
    hit = _hit(kind, ref, request)
    new_visitor = uuid.uuid4() if hit.visitor_id is None and browsers.may_follow(request) else None
    if request.method == "GET":
        _try_to_record(_hit(kind, ref, request, new_visitor))
        ring()
    response = HttpResponse(
        status=302, headers={"Location": iri_to_uri(_target(link.url, ref)), "Cache-Control": "no-store"}
    )
    response["X-Robots-Tag"] = "noindex"
    if new_visitor:
        browsers.remember(response, request, new_visitor)
    return response


@public("GET", "HEAD")
def site_pixel(request: HttpRequest) -> HttpResponse:
    """A page view without a script: the page is named by `?u=` or by the Referer."""
    url = request.GET.get("u") or request.headers.get("Referer", "")
    if request.method == "GET" and not browsers.refuses(request) and payload.is_web_address(url):
        _try_to_record(NewHit(kind=Kind.PAGE_VISITED, url=url, data={"title": ""}, **browsers.seen(request)))
    return answers.pixel()


def _hit(kind: Kind, ref: tokens.Ref, request: HttpRequest, visitor_id: uuid.UUID | None = None) -> NewHit:
    seen = browsers.seen(request)
    if visitor_id:
        seen["visitor_id"] = visitor_id
    return NewHit(
        kind=kind,
        contact_id=ref.contact_id or None,
        subject_id=ref.subject_id or None,
        message_id=ref.message_id or None,
        **seen,
    )


def _target(url: str, ref: tokens.Ref) -> str:
    try:
        return passes.attach(url, ref.contact_id)
    except Error:
        logger.exception("a link was left without a pass")
        return url


def _try_to_record(hit: NewHit) -> None:
    """Record, but never let a visitor wait for or see our trouble: the pixel and the redirect are answered anyway."""
    try:
        hits.record(hit)
    except Error:
        logger.exception("a hit was lost: %s of message %s", hit.kind, hit.message_id)
