"""Addresses as people understand them: host and path, whatever the scheme, the query, or a trailing slash."""

from __future__ import annotations

from urllib.parse import urlsplit

from tracking.models import Subject

MAX_PATH = 1000


def normalise(url: str) -> tuple[str, str]:
    """(host, path) of a web address: lower-case host without `www.`, path without trailing slash, query and fragment dropped.

    ("", "") for what is no web address. `https://www.Example.com/pricing/?utm_source=x` and `http://example.com/pricing` are
    the same page.
    """
    try:
        parts = urlsplit(url.strip() if "//" in url else f"//{url.strip()}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return "", ""
    if not host or parts.scheme not in ("", "http", "https"):
        return "", ""
    return host[:253], ("/" + parts.path.strip("/"))[:MAX_PATH]


def page(url: str, title: str = "") -> Subject | None:
    """The unsaved subject of a web page, for `subjects.ids()`; None for what is no web address."""
    host, path = normalise(url)
    return Subject(type=Subject.Type.PAGE, key=host + path, host=host, path=path, name=title[:300]) if host else None
