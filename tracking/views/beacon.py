"""The site script and the beacon it sends to: page views, custom events and identify calls of the marketer's own site."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from tracking import browsers, hits, passes, payload
from tracking.doorbell import ring
from tracking.hits import NewHit
from tracking.models import Kind
from tracking.payload import Payload, Refused
from tracking.person import person
from tracking.views import answers
from tracking.views.answers import open_to_all, public

STATIC = Path(__file__).resolve().parent.parent / "static" / "tracking"
MAX_BYTES = 64_000
MAX_HITS = 20
LONGEST_AGO = 24 * 3600 * 1000  # milliseconds a browser may hold a hit back while it is offline
KEYS = uuid.UUID("5be8e8f4-2b60-4b4c-8d7c-5a9e0f6f2f51")  # keys from outside cannot meet our own
UTM = ("source", "medium", "campaign", "term", "content")


@cache
def source(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@public("GET", "HEAD")
def script(request: HttpRequest) -> HttpResponse:
    """The script of the marketer's site, told whether it must wait for consent."""
    text = source("bareme.js").replace("__CONSENT_REQUIRED__", "true" if browsers.consent_required() else "false")
    return answers.script(text, max_age=3600)


@open_to_all
@public("POST")
def beacon(request: HttpRequest) -> HttpResponseBase:
    """Take up to 20 hits as JSON, whatever content type `sendBeacon` gives them. All of them are recorded, or none."""
    message = Payload.of(payload.json_value(request, MAX_BYTES))
    items = message.values.get("hits")
    if not isinstance(items, list) or not items:
        raise Refused(400, _("A list of hits is expected."))
    if len(items) > MAX_HITS:
        raise Refused(413, _("At most %(limit)d hits are accepted at once.") % {"limit": MAX_HITS})
    new = _hits(request, message, items)
    hits.record_many(new)
    if new:
        ring()
    response = HttpResponse(status=204)
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["DNT", "Sec-GPC"])
    return response


def _hits(request: HttpRequest, message: Payload, items: Sequence[Any]) -> list[NewHit]:
    common: dict[str, Any] = {**browsers.seen(request), "visitor_id": message.uuid("visitor")}
    common["contact_id"] = passes.contact_id(message.text("pass", 200))
    wanted = [Payload.of(item, "hits") for item in items]
    if browsers.refuses(request):
        wanted = [item for item in wanted if item.values.get("kind") != "page"]
    return [_hit(item, common) for item in wanted]


def _hit(item: Payload, common: dict[str, Any]) -> NewHit:
    ago = item.number("ago", most=2**53) or 0
    kind = item.text("kind", 10, required=True)
    if kind not in READERS:
        raise payload.Wrong("kind", _("Known kinds are: %(kinds)s.") % {"kinds": ", ".join(READERS)})
    key = item.uuid("key")
    return NewHit(
        key=uuid.uuid5(KEYS, str(key)) if key else uuid.uuid4(),
        at=timezone.now() - timedelta(milliseconds=min(ago, LONGEST_AGO)),
        url=item.address("url", required=kind == "page"),
        **READERS[kind](item),
        **common,
    )


def _page(item: Payload) -> dict[str, Any]:
    utm = Payload.of(item.values.get("utm") or {}, "utm")
    data = {
        "title": item.text("title", 2_000)[:300],
        "referrer": item.text("referrer", 8_000)[:1_000],
        "utm": {name: text[:200] for name in UTM if (text := utm.text(name, 2_000))},
    }
    return {"kind": Kind.PAGE_VISITED, "data": {name: value for name, value in data.items() if value}}


def _event(item: Payload) -> dict[str, Any]:
    data = {"name": item.text("name", 100, required=True), "properties": item.properties("properties")}
    return {"kind": Kind.CUSTOM, "data": data}


def _identify(item: Payload) -> dict[str, Any]:
    """Anybody can call this from a site: it may make a contact or name a visitor, never change what we know."""
    known = person(Payload.of(item.values.get("person"), "person"))
    return {"kind": Kind.IDENTIFIED, "data": {**known, "trusted": False}}


READERS = {"page": _page, "event": _event, "identify": _identify}
