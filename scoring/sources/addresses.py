"""Address patterns people understand: host and path, `*` for anything, whatever the scheme, query or trailing slash."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scoring.sources.base import LinesField
from tracking import pages

MAX_LENGTH = 500
MAX_STARS = 5


class AddressesField(LinesField):
    """One pattern per line, cleaned to a list: `example.com/pricing`, `example.com/blog/*`, `/pricing`."""

    def __init__(self, **kwargs: Any) -> None:
        help_text = _(
            "One per line, such as example.com/pricing or /blog/*. "
            "Tracking parameters and a final slash do not matter. Left empty: any."
        )
        super().__init__(**{"required": False, "help_text": help_text, **kwargs})

    def clean(self, value: Any) -> Any:
        patterns = super().clean(value)
        for pattern in patterns:
            if parse(pattern) is None:
                shown = pattern if len(pattern) <= 100 else f"{pattern[:99]}…"
                raise ValidationError(_("“%(value)s” is not an address."), code="address", params={"value": shown})
        return patterns


def parse(pattern: str) -> tuple[str, str] | None:
    """(host, path) of a pattern; the host is "" for a pattern that begins with a slash. None for what is no address."""
    if len(pattern) > MAX_LENGTH or pattern.count("*") > MAX_STARS or "\x00" in pattern:
        return None
    if pattern.startswith("/") and not pattern.startswith("//"):
        host, path = pages.normalise(f"example.com{pattern}")
        return ("", path) if host else None
    wild = "*." if pattern.startswith("*.") else ""
    host, path = pages.normalise(pattern.removeprefix("*."))
    return (wild + host, path) if host else None


def matching(patterns: list[str]) -> Q:
    """The subjects (pages or links) at one of these addresses; a host alone means its whole site."""
    found = Q(pk__in=[])
    for pattern in patterns:
        if (parsed := parse(pattern)) is None:
            continue
        host, path = parsed
        q = Q()
        if host.startswith("*."):
            q &= Q(host=host[2:]) | Q(host__endswith=host[1:])
        elif host:
            q &= Q(host=host)
        if path != "/" or not host:
            q &= _path(path)
        found |= q
    return found


def exact(patterns: list[str]) -> int | None:
    """How many pages these are, where each means one page only; None where they are open."""
    parsed = [parse(pattern) for pattern in patterns]
    whole = any(one is None or not one[0] or one[1] == "/" or "*" in "".join(one) for one in parsed)
    return None if whole or not parsed else len(set(parsed))


def _path(path: str) -> Q:
    """A path, with `*` for anything; `/blog/*` is the blog and everything under it."""
    if "*" not in path:
        return Q(path=path)
    if path.endswith("/*") and "*" not in path[:-2]:
        return Q(path=path[:-2] or "/") | Q(path__startswith=path[:-1])
    return Q(path__regex="^" + "".join(".*" if char == "*" else _literal(char) for char in path) + "$")


def _literal(char: str) -> str:
    return char if char.isalnum() or char in "/-_~%" else f"\\{char}"
