"""What a request to a pixel, a click or the beacon says: the hits in it, and the answer it gets. It writes nothing."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

from tracking import addresses, banner, browsers, nonces, passes, payload, tokens
from tracking.hits import NewHit
from tracking.models import Kind
from tracking.payload import Payload, Refused
from tracking.person import person
from tracking.pixels import GIF, PIXEL_HEADERS

MAX_BYTES = 64_000
MAX_HITS = 20
LONGEST_AGO = 24 * 3600 * 1000  # milliseconds a browser may hold a hit back while it is offline
KEYS = uuid.UUID("5be8e8f4-2b60-4b4c-8d7c-5a9e0f6f2f51")  # keys from outside cannot meet our own
UTM = ("source", "medium", "campaign", "term", "content")
HSTS = "Strict-Transport-Security"

NOBODY = uuid.UUID(int=0)

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the hits to keep before it is given. `owes` them: without them kept, this must not be the answer."""

    status: int
    headers: Sequence[Header]
    body: bytes = b""
    hits: Sequence[NewHit] = ()
    urgent: bool = False  # somebody waits for what follows: ring
    owes: bool = False
    names: int = 0  # the contact whom it tells a site of, if they allow that: then `named` are the headers
    named: Sequence[Header] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a tracked link leads, and what a click on it is."""

    url: str
    kind: Kind


class Lookups(Protocol):
    """What a click asks the database."""

    def target(self, subject_id: int) -> Target | None: ...
    def is_visited(self, host: str) -> bool: ...


class Unanswered(Exception):
    """The database does not say, just now."""


class NoSuchLink(LookupError):
    """The token was ours, but what it leads to is gone, or is no web address."""


def opened(request: HttpRequest, token: str) -> Reply:
    """The pixel in a mail. Raises BadToken."""
    ref = tokens.unsign_ref(addresses.OPEN, token)
    if browsers.is_ignored(request) or browsers.refuses(request):
        return Reply(200, pixel_headers(request), GIF)
    return Reply(
        200, pixel_headers(request), GIF, [_of_message(Kind.EMAIL_OPENED, ref, request, browsers.seen(request))]
    )


def clicked(request: HttpRequest, token: str, lookups: Lookups) -> Reply:
    """Redirect to where the token or our own row says, nowhere else. Raises BadToken, NoSuchLink, Unanswered."""
    ref, address = addresses.read_click(token)
    target = Target(address, Kind.EMAIL_CLICKED) if address else lookups.target(ref.subject_id)
    if target is None or not payload.is_web_address(target.url):
        raise NoSuchLink
    ignored = browsers.is_ignored(request)
    here, more = ("Location", _ascii(target.url)), [*CLICK_HEADERS, *_hsts(request)]
    if ignored:
        return Reply(302, [here, *more])
    seen = browsers.seen(request)
    by_hand = request.method == "GET" and not _is_prefetch(request)
    if by_hand and seen["visitor_id"] is None and browsers.may_follow(request):
        seen["visitor_id"] = new_visitor = uuid.uuid4()
        more += _cookies(request, new_visitor)
    clicks = [_of_message(target.kind, ref, request, seen)]
    if location := passes.attached(target.url, ref.contact_id, lookups.is_visited):
        named = [("Location", _ascii(location)), *more]
        return Reply(302, [here, *more], hits=clicks, urgent=by_hand, names=ref.contact_id, named=named)
    return Reply(302, [here, *more], hits=clicks, urgent=by_hand)


def site_pixel(request: HttpRequest) -> Reply:
    """A page view without a script: the page is named by `?u=` or by the Referer."""
    url = _named(request) or request.headers.get("Referer", "")
    hits = []
    silent = request.method != "GET" or browsers.refuses(request) or browsers.is_ignored(request)
    if not silent and payload.is_web_address(url):
        hits = [NewHit(kind=Kind.PAGE_VISITED, url=url, data={"title": ""}, **browsers.seen(request))]
    return Reply(200, pixel_headers(request), GIF, hits)


def _named(request: HttpRequest) -> str:
    try:
        return request.GET.get("u") or ""
    except TooManyFieldsSent:  # on the hot path there is no Django around us that would answer this
        return ""


def beacon(request: HttpRequest) -> Reply:
    """Up to 20 hits as JSON, whatever content type `sendBeacon` gives them: all of them or none. Raises Refused, Wrong."""
    message = Payload.of(payload.json_value(request, MAX_BYTES))
    items = message.values.get("hits")
    if not isinstance(items, list) or not items:
        raise Refused(400, _("A list of hits is expected."))
    if len(items) > MAX_HITS:
        raise Refused(413, _("At most %(limit)d hits are accepted at once.") % {"limit": MAX_HITS})
    hits = _sent(request, message, items)
    if browsers.is_ignored(request):
        hits = []
    return Reply(204, [*BEACON_HEADERS, *_hsts(request)], hits=hits, urgent=bool(hits), owes=True)


def asks_the_database(body: bytes) -> bool:
    """Does this beacon need more of the database than to be kept? (Who identifies may name custom fields.)"""
    return b"identify" in body or b"\\u" in body


PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
CLICK_HEADERS = (
    ("Cache-Control", "no-store"),
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)
BEACON_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Vary", "DNT, Sec-GPC"),
    ("Access-Control-Allow-Origin", "*"),
    ("X-Content-Type-Options", "nosniff"),
)


def pixel_headers(request: HttpRequest) -> list[Header]:
    return [*PIXEL_HEADERS, *_hsts(request)]


def _hsts(request: HttpRequest) -> list[Header]:
    """What Django's SecurityMiddleware says everywhere else."""
    if not settings.SECURE_HSTS_SECONDS or not request.is_secure():
        return []
    subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    return [(HSTS, f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}")]


def _cookies(request: HttpRequest, visitor_id: uuid.UUID) -> list[Header]:
    drawn = _drawn_cookies(request.is_secure(), int(time.time() / 3600))
    return [("Set-Cookie", text.replace(str(NOBODY), str(visitor_id))) for text in drawn]


@lru_cache(maxsize=4)
def _drawn_cookies(is_secure: bool, hour: int) -> list[str]:
    """What `remember` writes for NOBODY; they expire by the `hour`."""
    carrier, request = HttpResponse(), HttpRequest()
    request.is_secure = lambda: is_secure  # type: ignore[method-assign]
    browsers.remember(carrier, request, NOBODY)
    return [morsel.OutputString() for morsel in carrier.cookies.values()]


@lru_cache(maxsize=2048)
def _ascii(location: str) -> str:
    return iri_to_uri(location)


def _is_prefetch(request: HttpRequest) -> bool:
    """Does the browser, or a proxy, fetch it in case somebody will want it?"""
    said = [request.META[name].lower() for name in PURPOSES if name in request.META]
    return any("prefetch" in text or "prerender" in text for text in said)


def _of_message(kind: Kind, ref: tokens.Ref, request: HttpRequest, seen: browsers.Seen) -> NewHit:
    """An open or a click, with what tells whether a person did it: `tracking.verdicts` decides that later."""
    data: dict[str, Any] = {"method": "HEAD"} if request.method == "HEAD" else {}
    if _is_prefetch(request):
        data["prefetch"] = True
    return NewHit(
        data=data,
        kind=kind,
        contact_id=ref.contact_id or None,
        subject_id=ref.subject_id or None,
        message_id=ref.message_id or None,
        **seen,
    )


# --- the beacon's hits --------------------------------------------------------------------------------------------------


def _sent(request: HttpRequest, message: Payload, items: Sequence[Any]) -> list[NewHit]:
    common: dict[str, Any] = {**browsers.seen(request)}
    if "visitor" in message.values:  # else it is a page of ours, and the browser's cookie says it
        common["visitor_id"] = message.uuid("visitor")
    common["contact_id"] = passes.contact_id(message.text("pass", 200))
    wanted = [Payload.of(item, "hits") for item in items]
    if browsers.refuses(request):
        wanted = [item for item in wanted if item.values.get("kind") not in ("page", "start")]
    return [_hit(item, common) for item in wanted if item.values.get("kind") != "start" or _started(item)]


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


def _started(item: Payload) -> int | None:
    """The form that a drawing of it, or its plain HTML, names; None for what is not ours, which is no reason to lose the rest."""
    token = item.text("form", 2_000)
    for purpose in (nonces.NONCE, nonces.FORM):
        with suppress(tokens.BadToken):
            return next(iter(tokens.unsign(purpose, token)), None)
    return None


def _start(item: Payload) -> dict[str, Any]:
    return {"kind": Kind.FORM_STARTED, "data": {"form": _started(item)}}


def _event(item: Payload) -> dict[str, Any]:
    data = {"name": item.text("name", 100, required=True), "properties": item.properties("properties")}
    return {"kind": Kind.CUSTOM, "data": data}


def _identify(item: Payload) -> dict[str, Any]:
    """Anybody can call this from a site: it may make a contact or name a visitor, never change what we know."""
    known = person(Payload.of(item.values.get("person"), "person"))
    return {"kind": Kind.IDENTIFIED, "data": {**known, "trusted": False}}


def _consent(item: Payload) -> dict[str, Any]:
    """An answer to a banner. What was shown is proof only as far as the site itself says so."""
    granted = item.values.get("granted")
    if not isinstance(granted, bool):
        raise payload.Wrong("granted", _("Yes or no is expected: true or false."))
    text = item.text("text", banner.MAX_TEXT)
    return {"kind": Kind.CONSENT_ANSWERED, "data": banner.data(granted, item.text("url", 8_000), text)}


READERS = {"page": _page, "start": _start, "event": _event, "identify": _identify, "consent": _consent}
