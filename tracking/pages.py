"""Addresses as people understand them: host and path, whatever the scheme, the query, or a trailing slash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from tracking import subjects
from tracking.models import Subject

MAX_PATH = 1000
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
NO_HOST = re.compile(
    r"[a-z][a-z0-9+.-]*:(?!\d*(/|$))", re.IGNORECASE
)  # mailto:…, javascript:…, but not example.com:8000
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:]*:[0-9a-f:.]*")


@lru_cache(maxsize=8192)  # a site's pages are few, its visits many
def normalise(url: str) -> tuple[str, str]:
    """(host, path) of a web address: lower-case host without `www.`, path without trailing slash, query and fragment dropped.

    ("", "") for what is no web address. `https://www.Example.com/pricing/?utm_source=x` and `http://example.com/pricing` are
    the same page, and so are `bücher.example/café` and what a browser makes of it.
    """
    url = url.strip()
    try:
        parts = urlsplit(url if SCHEME.match(url) or NO_HOST.match(url) else f"//{url}")
        host = (parts.hostname or "").encode("idna").decode().removesuffix(".").removeprefix("www.")
    except ValueError:  # also a host that cannot be one, such as two..dots
        return "", ""
    if parts.scheme not in ("", "http", "https") or len(host) > 253 or not HOST.fullmatch(host):
        return "", ""
    path = CONTROLS.sub("", unquote(parts.path)).encode("utf-8", "replace").decode()
    return host, ("/" + path.strip("/"))[:MAX_PATH]


def ids(titles: Mapping[str, str]) -> dict[str, int]:
    """The subjects of the pages at these addresses (with their titles), made where missing.

    What is no web address is left out.
    """
    keys = {url: subjects.key(host + path) for url in titles for host, path in (normalise(url),) if host}
    found = subjects.find((Subject.Type.PAGE, key) for key in set(keys.values()))
    missing = {key: url for url, key in keys.items() if (Subject.Type.PAGE, key) not in found}
    if missing:
        found |= subjects.ids(made for url in missing.values() if (made := page(url, titles[url])))
    return {url: found[Subject.Type.PAGE, key] for url, key in keys.items()}


def page(url: str, title: str = "") -> Subject | None:
    """The unsaved subject of a web page, for `subjects.ids()`; None for what is no web address."""
    host, path = normalise(url)
    if not host:
        return None
    return Subject(type=Subject.Type.PAGE, key=subjects.key(host + path), host=host, path=path, name=title[:300])
