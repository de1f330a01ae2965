"""Pixels and clicks as Django answers them: what the hot path leaves to it, and everything where there is no hot path.

What a request says and what it gets is read in `tracking.edge.reading`, in one place for both.
"""

from __future__ import annotations

import logging

from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from tracking import hits, passes
from tracking.doorbell import ring
from tracking.edge import reading
from tracking.edge.hotpath import is_away
from tracking.edge.reading import NoSuchLink, Reply, Target
from tracking.models import Kind, Link, Subject
from tracking.tokens import BadToken
from tracking.views import answers
from tracking.views.answers import public

logger = logging.getLogger(__name__)


class Lookups:
    """What a click asks the database, in the request's own connection."""

    def target(self, subject_id: int) -> Target | None:
        link = Link.objects.select_related("source").filter(subject_id=subject_id).first()
        if link is None:
            return None
        return Target(link.url, Kind.SMS_CLICKED if link.source.type == Subject.Type.SMS else Kind.EMAIL_CLICKED)

    def is_visited(self, host: str) -> bool:
        try:
            return passes.is_visited(host)
        except Error:
            logger.exception("a link was left without a pass")
            return False


@public("GET", "HEAD")
def opened(request: HttpRequest, token: str) -> HttpResponse:
    try:
        return given(reading.opened(request, token))
    except BadToken:
        return answers.pixel(status=404)


@public("GET", "HEAD")
def clicked(request: HttpRequest, token: str) -> HttpResponseBase:
    if is_away(request.META):
        return answers.unavailable(request)
    try:
        return given(reading.clicked(request, token, Lookups()))
    except (BadToken, NoSuchLink):
        return answers.not_found(request)
    except Error:
        logger.exception("a click could not be resolved")
        return answers.unavailable(request)


@public("GET", "HEAD")
def site_pixel(request: HttpRequest) -> HttpResponse:
    return given(reading.site_pixel(request))


def given(reply: Reply) -> HttpResponse:
    """Keep the hits and give the answer. A visitor never sees our trouble, but who is owed the keeping gets the error."""
    try:
        hits.record_many(reply.hits)
    except Error:
        if reply.owes:
            raise
        logger.exception("%d hits were lost", len(reply.hits))
    if reply.urgent:
        ring()
    response = HttpResponse(reply.body, status=reply.status)
    del response["Content-Type"]
    for name, value in reply.named if reply.names and _may_be_named(reply.names) else reply.headers:
        if name == "Set-Cookie":
            response.cookies.load(value)
        else:
            response[name] = value
    return response


def _may_be_named(contact_id: int) -> bool:
    try:
        return passes.may_be_named(contact_id)
    except Error:
        logger.exception("a link was left without a pass")
        return False
