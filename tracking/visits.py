"""Visits of landing pages: whose browser it is, what it is asked, which variant it sees, and the hit that tells of it."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass

from django.db import Error
from django.http import HttpRequest
from django.urls import reverse

from tracking import banner, browsers, hits, passes, subjects
from tracking.browsers import Seen
from tracking.doorbell import ring
from tracking.edge.reading import UTM
from tracking.hits import NewHit
from tracking.models import Kind, LandingPage, PageVariant, Subject

UNDECIDED = uuid.UUID("d0a5f2de-7d35-4a44-9c4c-2b8d0f2f9a61")  # keys of visits before a yes
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """What the banner of a page begins with. `visitor_id`: the one that an undecided browser would have after a yes."""

    is_required: bool
    answer: str
    visitor_id: uuid.UUID | None


def browser(request: HttpRequest, page: LandingPage) -> tuple[Seen, bool]:
    """The browser, with an id where it has one or may be given one; and whether it is a new one."""
    seen = browsers.seen(request)
    if is_nobody(request, page):
        seen["visitor_id"] = None
    elif seen["visitor_id"] is None and request.method == "GET" and browsers.may_follow(request):
        seen["visitor_id"] = uuid.uuid4()
        return seen, True
    return seen, False


def is_nobody(request: HttpRequest, page: LandingPage) -> bool:
    """Is this nobody's visit: of a browser that refuses, of one of our own people, at a stand?"""
    return browsers.refuses(request) or browsers.is_ignored(request) or _is_kiosk(page)


def choice(request: HttpRequest, page: LandingPage, seen: Seen, sent: uuid.UUID | None) -> Choice | None:
    """What the visitor may choose; None where there is nothing to choose. `sent`: the id that came with their answers.

    An undecided browser is not followed, and keeps nothing. An id is made up for the page alone, so that a yes keeps showing the
    variant that was seen.
    """
    if browsers.refuses(request) or _is_kiosk(page):
        return None
    answer = banner.answer(request)
    undecided = not answer and seen["visitor_id"] is None
    return Choice(browsers.consent_required(), answer, (sent or uuid.uuid4()) if undecided else None)


def address(page: LandingPage) -> str:
    return reverse("tracking:landing_page", args=[page.slug])


def record(
    request: HttpRequest,
    page: LandingPage,
    seen: Seen,
    variant: PageVariant | None,
    *,
    referrer: str | None = None,
    undecided: uuid.UUID | None = None,
    instead: uuid.UUID | None = None,
) -> None:
    """Note the visit, with the variant that was seen. The page is shown whatever happens.

    That of an `undecided` browser is nobody's; should it say yes, it is noted again `instead`, and then somebody's.
    """
    if is_nobody(request, page):
        return
    utm = {name: text for name in UTM if (text := request.GET.get(f"utm_{name}", "")[:200])}
    data = {
        "title": page.title,
        "referrer": (request.headers.get("Referer", "") if referrer is None else referrer)[:1_000],
        "utm": utm,
        "test": variant.test_id if variant else None,
        "variant": variant.letter if variant else "",
        "instead": str(_key(instead)) if instead else "",
    }
    try:
        hits.record(
            NewHit(
                kind=Kind.LANDING_PAGE_VISITED,
                contact_id=passes.contact_id(request.GET.get(passes.PARAMETER, "")),
                subject_id=subjects.register(Subject.Type.LANDING_PAGE, page.pk, str(page)).pk,
                url=request.build_absolute_uri(address(page)),
                data={name: value for name, value in data.items() if value},
                key=_key(undecided) if undecided else uuid.uuid4(),
                **seen,
            )
        )
    except Error:
        logger.exception("the visit of landing page %s was lost", page.pk)
        return
    ring()


def _key(visitor_id: uuid.UUID) -> uuid.UUID:
    """Of the visit of a browser that may say yes to being followed by this id."""
    return uuid.uuid5(UNDECIDED, str(visitor_id))


def _is_kiosk(page: LandingPage) -> bool:
    return bool(page.form and page.form.is_kiosk)
