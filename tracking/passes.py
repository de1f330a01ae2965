"""A pass: a signed parameter that tells the page somebody lands on, for an hour, which contact came by a tracked link.

A visitor id is kept per site, so a click on our own domain alone would not say who then walks through the marketer's site.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from tracking import pages, tokens
from tracking.models import Subject

PARAMETER = "bm"
PURPOSE = "pass"
SECONDS = 3600
SITES_KNOWN_FOR = 300


def issue(contact_id: int) -> str:
    return tokens.sign(PURPOSE, contact_id, int(time.time()))


def contact_id(token: str) -> int | None:
    """Whose pass it is; None for a forged or an old one."""
    if not token:
        return None
    try:
        numbers = tokens.unsign(PURPOSE, token)
    except tokens.BadToken:
        return None
    if len(numbers) != 2 or time.time() - numbers[1] > SECONDS:
        return None
    return numbers[0] or None


def attach(url: str, contact_id: int | None, visited: Callable[[str], bool] | None = None) -> str:
    """The address with a pass for this contact, where it leads to a page of ours or to a site our script runs on.

    `visited` says of a host whether it is such a site; the database does, unless told otherwise.
    """
    host, _ = pages.normalise(url)
    if not contact_id or not host or not is_tracked(host, visited or is_visited):
        return url
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}{PARAMETER}={issue(contact_id)}"))


def is_tracked(host: str, visited: Callable[[str], bool]) -> bool:
    """Is this host ours, or one whose pages have been visited?"""
    return host == pages.normalise(settings.PUBLIC_URL)[0] or visited(host)


def is_visited(host: str) -> bool:
    return _visited(host, int(time.time() / SITES_KNOWN_FOR))


@lru_cache(maxsize=1000)
def _visited(host: str, window: int) -> bool:
    """Asked once in every `window` of time."""
    return Subject.objects.filter(type=Subject.Type.PAGE, host=host).exists()
