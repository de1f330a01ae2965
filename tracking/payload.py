"""Reading what strangers send: one value at a time, and for each wrong one the sentence that says what is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, UnreadablePostError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from contacts.fields import normalise_email

MAX_PROPERTIES = 50
MAX_DEPTH = 4
MAX_JSON = 8_000
FIRST_YEAR = 2000
SKEW = timedelta(minutes=5)  # how far a sender's clock may be ahead of ours


class Refused(Exception):
    """A request that cannot be read at all: the status and the sentence to answer with."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Wrong(Exception):
    """One value is wrong: the field and the sentence to answer with."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


def check_size(request: HttpRequest, limit: int) -> None:
    """Refuse (413) a body that says it is larger than `limit` before any of it is read."""
    if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
        raise Refused(411, _("Please say how long the body is: a Content-Length is needed."))
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Refused(400, _("The Content-Length is no number.")) from None
    if length > limit:
        raise Refused(413, _("This is too large: at most %(limit)d bytes are accepted.") % {"limit": limit})


def body(request: HttpRequest, limit: int) -> bytes:
    check_size(request, limit)
    try:
        return request.body
    except UnreadablePostError:
        raise Refused(400, _("The request broke off.")) from None


def json_value(request: HttpRequest, limit: int) -> Any:
    """The JSON of the body. Strict: no NaN, no broken UTF-8 or surrogates, no bottomless nesting."""
    try:
        return orjson.loads(body(request, limit))
    except orjson.JSONDecodeError as error:
        raise Refused(400, _("The body is not valid JSON: %(error)s.") % {"error": error.msg}) from None


@dataclass(frozen=True)
class Payload:
    """A JSON object and its typed readers. An absent field and null are the same: not given."""

    values: Mapping[str, Any]

    @classmethod
    def of(cls, value: Any, field: str = "") -> Payload:
        if not isinstance(value, dict):
            raise Wrong(field, _("A JSON object is expected."))
        return cls(value)

    def refuse_others(self, *known: str) -> None:
        """A misspelt field must not be ignored in silence."""
        for name in self.values:
            if name not in known:
                raise Wrong(
                    name[:100], _("There is no such field; known are: %(fields)s.") % {"fields": ", ".join(known)}
                )

    def text(self, name: str, limit: int, *, required: bool = False) -> str:
        value = self.values.get(name)
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise Wrong(name, _("A text is expected."))
        value = value.replace("\x00", "").strip()
        if required and not value:
            raise Wrong(name, _("This field is required."))
        if len(value) > limit:
            raise Wrong(name, _("At most %(limit)d characters are accepted.") % {"limit": limit})
        return value

    def email(self, name: str = "email", *, required: bool = False) -> str:
        value = normalise_email(self.text(name, 254, required=required)) or ""
        try:
            if value:
                validate_email(value)
        except ValidationError:
            raise Wrong(name, _("This is not an email address.")) from None
        return value

    def uuid(self, name: str) -> uuid.UUID | None:
        value = self.text(name, 36)
        try:
            return uuid.UUID(value) if value else None
        except ValueError:
            raise Wrong(name, _("A UUID is expected.")) from None

    def number(self, name: str, *, required: bool = False, most: int = 2**53) -> int | None:
        value = self.values.get(name)
        if value is None and not required:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise Wrong(name, _("A whole number is expected."))
        return value

    def address(self, name: str, *, required: bool = False) -> str:
        """A web address. Real ones can be very long; what is kept is cut later."""
        value = self.text(name, 8_000, required=required)
        if value and not is_web_address(value):
            raise Wrong(name, _("A web address that begins with https:// or http:// is expected."))
        return value

    def moment(self, name: str) -> datetime:
        """When it happened: an ISO 8601 time with its offset; now where it is not given."""
        text = self.text(name, 40)
        if not text:
            return timezone.now()
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None or timezone.is_naive(moment):
            raise Wrong(name, _("A time with its offset is expected, such as 2026-05-01T09:30:00Z."))
        try:
            moment = moment.astimezone(UTC)  # PostgreSQL does not take every offset that Python does
            in_range = moment.year >= FIRST_YEAR and moment <= timezone.now() + SKEW
        except OverflowError:
            in_range = False
        if not in_range:
            raise Wrong(
                name, _("The time must be after the year %(year)d and not in the future.") % {"year": FIRST_YEAR}
            )
        return moment

    def properties(self, name: str) -> dict[str, Any]:
        """A small JSON object: whatever the sender wants to keep with an event."""
        value = self.values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise Wrong(name, _("A JSON object is expected."))
        if len(value) > MAX_PROPERTIES:
            raise Wrong(name, _("At most %(limit)d properties are accepted.") % {"limit": MAX_PROPERTIES})
        if _depth(value, MAX_DEPTH + 1) > MAX_DEPTH:
            raise Wrong(
                name, _("The properties are nested too deeply: at most %(limit)d levels.") % {"limit": MAX_DEPTH}
            )
        if len(orjson.dumps(value)) > MAX_JSON:
            raise Wrong(name, _("The properties are too large: at most %(limit)d bytes.") % {"limit": MAX_JSON})
        return value


def is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _depth(value: Any, enough: int) -> int:
    """How deeply nested a value is, looking no further than `enough` levels."""
    if enough == 0 or not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(item, enough - 1) for item in inner), default=0)
