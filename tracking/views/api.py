"""The API: what other systems tell us. JSON in, JSON out; all of a request is recorded, or none of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tracking import apikeys, hits, payload
from tracking.doorbell import ring
from tracking.hits import NewHit
from tracking.models import ApiKey, Asset, Kind, Subject
from tracking.payload import Payload, Refused, Wrong
from tracking.person import NAMES, person
from tracking.views.answers import problem, public

MAX_BYTES = 1_000_000
MAX_ITEMS = 1000
MAX_ERRORS = 20
KEYS = uuid.UUID("0b0c1ee5-3a2a-4b9d-9a44-0a7b5e6d9c3f")

JsonView = Callable[[HttpRequest, ApiKey], JsonResponse]

KINDS = {
    "custom": Kind.CUSTOM,
    "page_visited": Kind.PAGE_VISITED,
    "asset_downloaded": Kind.ASSET_DOWNLOADED,
    "webinar_registered": Kind.WEBINAR_REGISTERED,
    "webinar_attended": Kind.WEBINAR_ATTENDED,
    "webinar_missed": Kind.WEBINAR_MISSED,
}
WHO = ("email", "visitor")
COMMON = ("kind", "key", "at", *WHO)
FIELDS = {
    Kind.CUSTOM: ("name", "properties"),
    Kind.PAGE_VISITED: ("url", "title"),
    Kind.ASSET_DOWNLOADED: ("asset",),
}
WEBINAR_FIELDS = ("webinar",)


def with_key(view: JsonView) -> Callable[..., JsonResponse]:
    """Decorate an API view: it is given the caller's key, or the caller a 401."""

    @wraps(view)
    def checked(request: HttpRequest) -> JsonResponse:
        key = apikeys.find(request.headers.get("Authorization", ""))
        if key is None:
            response = problem(401, _("A valid API key is needed: “Authorization: Bearer …”."))
            response["WWW-Authenticate"] = "Bearer"
            return response
        apikeys.note_use(key)
        if request.content_type != "application/json":
            raise Refused(415, _("Content-Type: application/json is expected."))
        return view(request, key)

    return checked


@public("POST")
@with_key
def events(request: HttpRequest, key: ApiKey) -> JsonResponse:
    """Take one event, or up to 1000 in a list. A wrong one is named, and then none is recorded."""
    none, too_many = _("There are no events in this request."), _("At most %(limit)d events are accepted at once.")
    items = one_or_several(request, none, too_many)
    subjects = Subjects(items)
    return all_or_nothing(items, lambda sent: _event(sent, key, subjects), _wrong)


@public("POST")
@with_key
def contacts(request: HttpRequest, key: ApiKey) -> JsonResponse:
    """Take what another system knows about a person, by email; it overwrites what we knew."""
    sent = Payload.of(payload.json_value(request, MAX_BYTES))
    sent.refuse_others(*NAMES, "visitor")
    data = {**person(sent), "trusted": True}
    hits.record(NewHit(kind=Kind.IDENTIFIED, visitor_id=sent.uuid("visitor"), data=data))
    ring()
    return JsonResponse({"accepted": 1}, status=202)


def one_or_several(request: HttpRequest, none: str, too_many: str) -> list[Any]:
    """What was sent, one item or a list of them. Refuses with one of these sentences; `too_many` names its `limit`."""
    sent = payload.json_value(request, MAX_BYTES)
    items = sent if isinstance(sent, list) else [sent]
    if not items:
        raise Refused(422, none)
    if len(items) > MAX_ITEMS:
        raise Refused(413, too_many % {"limit": MAX_ITEMS})
    return items


def all_or_nothing(
    items: Sequence[Any], read: Callable[[Payload], NewHit], wrong: Callable[[int], str]
) -> JsonResponse:
    """Record what these items say. If any cannot be read, none is, and each is named (up to 20) under this sentence."""
    new, errors = [], []
    for position, item in enumerate(items):
        try:
            new.append(read(Payload.of(item)))
        except Wrong as error:
            errors.append({"item": position, "field": error.field, "error": error.sentence})
    if errors:
        return problem(422, wrong(len(errors)), errors=errors[:MAX_ERRORS])
    hits.record_many(new)
    ring()
    return JsonResponse({"accepted": len(new)}, status=202)


class Subjects:
    """The webinars and assets a request names, found in one query each."""

    def __init__(self, items: Sequence[Any]) -> None:
        found = [item for item in items if isinstance(item, dict)]
        self.webinars = self._webinars({value for item in found if isinstance(value := item.get("webinar"), int)})
        self.assets = self._assets({value for item in found if isinstance(value := item.get("asset"), str)})

    def webinar(self, sent: Payload) -> int:
        number = sent.number("webinar", required=True)
        if (subject_id := self.webinars.get(number)) is None:
            raise Wrong("webinar", _("There is no such webinar."))
        return subject_id

    def asset(self, sent: Payload) -> int:
        if (subject_id := self.assets.get(sent.text("asset", 20, required=True))) is None:
            raise Wrong("asset", _("There is no such asset."))
        return subject_id

    @staticmethod
    def _webinars(wanted: set[int]) -> dict[int | None, int]:
        ids = [number for number in wanted if 0 < number < 2**53]
        rows = Subject.objects.filter(type=Subject.Type.WEBINAR, ref_id__in=ids) if ids else Subject.objects.none()
        return dict(rows.values_list("ref_id", "pk"))

    @staticmethod
    def _assets(wanted: set[str]) -> dict[str, int]:
        names = [name for name in wanted if len(name) <= 20 and "\x00" not in name]
        by_id = (
            {pk: name for name, pk in Asset.objects.filter(public_id__in=names).values_list("public_id", "pk")}
            if names
            else {}
        )
        rows = Subject.objects.filter(type=Subject.Type.ASSET, ref_id__in=by_id) if by_id else Subject.objects.none()
        return {by_id[ref_id]: pk for ref_id, pk in rows.values_list("ref_id", "pk") if ref_id}


def _event(sent: Payload, key: ApiKey, subjects: Subjects) -> NewHit:
    kind = KINDS.get(sent.text("kind", 30, required=True))
    if kind is None:
        raise Wrong("kind", _("Known kinds are: %(kinds)s.") % {"kinds": ", ".join(KINDS)})
    sent.refuse_others(*COMMON, *FIELDS.get(kind, WEBINAR_FIELDS))
    email, visitor_id = sent.email(), sent.uuid("visitor")
    if not email and not visitor_id:
        raise Wrong("email", _("Say who it was: by email or visitor."))
    own_key = sent.text("key", 200)
    return NewHit(
        kind=kind,
        key=uuid.uuid5(KEYS, f"{key.pk}:{own_key}") if own_key else uuid.uuid4(),
        at=sent.moment("at"),
        visitor_id=visitor_id,
        **_about(kind, sent, subjects, {"email": email, "trusted": True} if email else {}),
    )


def _about(kind: Kind, sent: Payload, subjects: Subjects, data: dict[str, Any]) -> dict[str, Any]:
    if kind == Kind.CUSTOM:
        name = sent.text("name", 100, required=True)
        return {"data": {**data, "name": name, "properties": sent.properties("properties")}}
    if kind == Kind.PAGE_VISITED:
        return {"url": sent.address("url", required=True), "data": {**data, "title": sent.text("title", 300)}}
    about = subjects.asset(sent) if kind == Kind.ASSET_DOWNLOADED else subjects.webinar(sent)
    return {"subject_id": about, "data": data}


def _wrong(count: int) -> str:
    sentence = ngettext(
        "Nothing was recorded: %(count)d event is wrong.", "Nothing was recorded: %(count)d events are wrong.", count
    )
    return sentence % {"count": count}
