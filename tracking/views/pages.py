"""Landing pages: the sections a marketer arranged, perhaps in a variant, with a form inside; their images and themes."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from contacts.numerals import number_in
from tracking import browsers, experiments, images, kiosk, nonces, posting, sections, themes, visits
from tracking.models import LandingPage, PageImage, PageVariant
from tracking.posting import Posted
from tracking.sections import Section
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.drawing import drawn, speaking, thanks
from tracking.views.forms import accepted
from tracking.visits import Choice

logger = logging.getLogger(__name__)


@public("GET", "HEAD", "POST")
def landing_page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A published page; outside its window it is not there, but for staff who ask for a preview."""
    row = LandingPage.objects.select_related("form", "form__asset", "logo", "share_image").filter(slug=slug).first()
    if row is None:
        return answers.not_found(request)
    preview = "preview" in request.GET and _may_preview(request)
    if not (preview or row.is_open()):
        return answers.not_found(request)
    seen, is_new = visits.browser(request, row)
    choice = None if preview else visits.choice(request, row, seen, _sent_by(request, row))
    shown_to = seen["visitor_id"] or (choice.visitor_id if choice else None)
    variant = _previewed(request, row) if preview else experiments.shown(experiments.running(row), shown_to)
    with speaking(row.language):
        if request.method == "POST" and row.form and row.form.is_open and not preview:
            return _post(request, row, variant, choice)
        response = _page(request, row, variant, choice=choice, preview=preview)
    if request.method == "GET" and not preview and "sent" not in request.GET:
        if is_new and seen["visitor_id"]:
            browsers.remember(response, request, seen["visitor_id"])
        undecided = choice.visitor_id if choice else None
        visits.record(request, row, seen, variant if seen["visitor_id"] else None, undecided=undecided)
    return response


@public("GET", "HEAD")
def page_image(request: HttpRequest, public_id: str) -> HttpResponseBase:
    row = PageImage.objects.filter(public_id=public_id).first()
    if row is None:
        return answers.not_found(request)
    try:
        return images.handed_out(row)
    except OSError:
        logger.exception("the file of image %s is not there", row.pk)
        return answers.not_found(request)


@public("GET", "HEAD")
def page_theme(request: HttpRequest, name: str) -> HttpResponseBase:
    """A style sheet made of its own name: the same forever."""
    sheet = themes.sheet(name)
    if sheet is None:
        return answers.not_found(request)
    response = HttpResponse(sheet, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def context(row: LandingPage, shown: Sequence[Section], **more: Any) -> dict[str, Any]:
    """What the template of a landing page needs, for visitors and for the preview beside the editor."""
    first = shown[0].type.key if shown else ""
    return {
        "title": row.title,
        "page": row,
        "sections": shown,
        "opens": first == "hero",  # and brings the page's one heading of the first rank
        "beside": bool(more.get("drawn")) and not any(section.type.key == "form" for section in shown),
        "theme": themes.name(row),
        **more,
    }


def _previewed(request: HttpRequest, row: LandingPage) -> PageVariant | None:
    """The variant a colleague asks to see."""
    return PageVariant.objects.filter(pk=number_in(request.GET.get("variant")), test__page=row).first()


def _may_preview(request: HttpRequest) -> bool:
    user = request.user
    return user.is_active and user.is_staff and user.has_perm("tracking.view_landingpage")


def _sent_by(request: HttpRequest, row: LandingPage) -> uuid.UUID | None:
    """The visitor id that came with the answers to this page's form, or comes with them now."""
    if request.method == "POST":
        return browsers.as_uuid(request.POST.get("bareme_visitor"))
    sent = nonces.read_sent(row.form, request.GET.get("sent", "")) if row.form else None
    return sent.visitor_id if sent else None


def _post(
    request: HttpRequest, row: LandingPage, variant: PageVariant | None, choice: Choice | None
) -> HttpResponseBase:
    assert row.form
    posted = posting.receive(request, row.form)
    if not posted.accepted:
        return _page(request, row, variant, choice=choice, posted=posted, status=422)
    return accepted(request, row.form, posted, back=request.path)


def _page(
    request: HttpRequest,
    row: LandingPage,
    variant: PageVariant | None,
    *,
    choice: Choice | None,
    posted: Posted | None = None,
    preview: bool = False,
    status: int = 200,
) -> HttpResponse:
    form = row.form if row.form and row.form.is_open else None
    sent = nonces.read_sent(form, request.GET.get("sent", "")) if form else None
    here = request.build_absolute_uri(request.path)
    values = context(
        row,
        sections.read(variant.sections if variant else row.sections),
        drawn=drawn(form, action=request.path, posted=posted, page_url=here, request=request) if form else None,
        thanks=thanks(request, form, sent) if form and sent else None,
        preview=preview,
        choice=choice,
        is_open=row.is_open(),
        here=here,
        share_image=_absolute(request, row.share_image),
    )
    response = answers.page(request, "tracking/landing_page.html", values, status=status)
    if form and sent and kiosk.is_on(request, form):
        kiosk.begin_again(response, request.path)
    return response


def _absolute(request: HttpRequest, image: PageImage | None) -> str:
    return request.build_absolute_uri(reverse("tracking:page_image", args=[image.public_id])) if image else ""
