"""The browser behind a public request: the id it keeps, what it allows, and where it roughly is."""

from __future__ import annotations

import ipaddress
import uuid
from functools import lru_cache
from typing import Any, TypedDict

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from contacts import consent_policies
from contacts.models import Purpose
from tracking import banner

COOKIE = "bareme_browser"
SITE_COOKIE = "bareme_visitor"  # what the script keeps on the marketer's site: ours to see where both share a host
STAFF_COOKIE = "bareme_staff"  # whoever has it is not tracked: our own people, set by the admin or by the opt-out page
COOKIE_SECONDS = 13 * 30 * 24 * 3600  # thirteen months: what the French authority allows


class Seen(TypedDict):
    """What every hit says about the browser, ready for `NewHit(**seen(request))`."""

    visitor_id: uuid.UUID | None
    ip: str | None
    user_agent: str


def seen(request: HttpRequest) -> Seen:
    return {
        "visitor_id": visitor_id(request),
        "ip": shortened_ip(request),
        "user_agent": request.headers.get("User-Agent", "")[:500],
    }


def visitor_id(request: HttpRequest) -> uuid.UUID | None:
    return as_uuid(request.COOKIES.get(COOKIE)) or as_uuid(request.COOKIES.get(SITE_COOKIE))


def as_uuid(value: Any) -> uuid.UUID | None:
    """The id, or None for anything that is none: a browser's word is never worth an error."""
    try:
        return uuid.UUID(value) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        return None


def refuses(request: HttpRequest) -> bool:
    """Does the browser ask not to be tracked (Do-Not-Track or Global Privacy Control)?"""
    return request.headers.get("DNT") == "1" or request.headers.get("Sec-GPC") == "1"


def is_ignored(request: HttpRequest) -> bool:
    """Is this one of our own people? What they do is not recorded, and they get no visitor id."""
    return request.COOKIES.get(STAFF_COOKIE) == "1"


def ignore(response: HttpResponseBase, request: HttpRequest, *, yes: bool = True) -> None:
    """Do not track this browser from now on; or do, whoever uses it."""
    response.set_cookie(
        STAFF_COOKIE,
        "1" if yes else "0",
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
        path="/",
    )


def consent_required() -> bool:
    """Must the website ask before it follows anybody? Waits for no database: the hot path asks, too."""
    return Purpose.WEB_TRACKING in consent_policies.required_as_known()


def may_follow(request: HttpRequest) -> bool:
    """May this browser be given a visitor id: has it said yes, or need it not be asked?"""
    if refuses(request) or is_ignored(request):
        return False
    answer = banner.answer(request)
    return answer == banner.GRANTED or not (answer or consent_required())


def remember(response: HttpResponseBase, request: HttpRequest, visitor_id: uuid.UUID) -> None:
    """Give the browser a visitor id to keep. Only where it agreed, or need not be asked."""
    response.set_cookie(
        COOKIE,
        str(visitor_id),
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
        path="/",
    )


def keep_answer(response: HttpResponseBase, request: HttpRequest, answer: str) -> None:
    """Let the browser keep what was answered to the banner here (`banner.kept`); scripts may read it."""
    response.set_cookie(
        banner.COOKIE, answer, max_age=banner.SECONDS, samesite="Lax", secure=request.is_secure(), path="/"
    )


def forget(response: HttpResponseBase, request: HttpRequest) -> None:
    """Let the browser forget its visitor id."""
    for name in (COOKIE, SITE_COOKIE):
        if name in request.COOKIES:
            response.delete_cookie(name, path="/", samesite="Lax")


def shortened_ip(request: HttpRequest) -> str | None:
    """The address without its last part (/24, for IPv6 /48): enough to tell a network, not a person."""
    return _shortened(_client(request))


OCTETS = frozenset(map(str, range(256)))


@lru_cache(maxsize=4096)
def _shortened(client: str) -> str | None:
    parts = client.split(".")
    if len(parts) == 4 and OCTETS.issuperset(parts):  # nearly everybody, and the rest takes ten times as long
        return f"{parts[0]}.{parts[1]}.{parts[2]}.0"
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 48
    return str(
        ipaddress.ip_network(
            (int(address), prefix) if address.version == 6 else (str(address), prefix), strict=False
        ).network_address
    )


def _client(request: HttpRequest) -> str:
    """The address the nearest proxy we do not trust came from; whatever stands further left in the header is hearsay."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if (trusted := settings.TRUSTED_PROXY_COUNT) and hops:
        return hops[-min(trusted, len(hops))]
    return request.META.get("REMOTE_ADDR", "") or ""
