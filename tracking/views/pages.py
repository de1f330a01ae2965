"""Landing pages: what a marketer wrote, made safe, with a form inside."""

from __future__ import annotations

import logging
import uuid

import nh3
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.safestring import SafeString, mark_safe

from tracking import browsers, hits, kiosk, nonces, passes, posting, subjects
from tracking.doorbell import ring
from tracking.edge.reading import UTM
from tracking.hits import NewHit
from tracking.models import Kind, LandingPage, Subject
from tracking.posting import Posted
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.drawing import drawn, speaking, thanks
from tracking.views.forms import accepted, targets

logger = logging.getLogger(__name__)
TAGS = nh3.ALLOWED_TAGS | {"section", "figure", "figcaption", "picture", "source", "video", "audio", "header", "footer"}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "*": {"class", "id", "lang", "title", "aria-label"},
    "img": {"src", "alt", "width", "height", "loading", "srcset", "sizes"},
    "video": {"src", "controls", "poster", "width", "height", "preload", "muted", "playsinline"},
    "audio": {"src", "controls", "preload"},
    "source": {"src", "srcset", "type", "media"},
}


@public("GET", "HEAD", "POST")
def landing_page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A published page; outside its window it is not there, but for staff who ask for a preview."""
    row = LandingPage.objects.select_related("form", "form__asset").filter(slug=slug).first()
    if row is None:
        return answers.not_found(request)
    preview = "preview" in request.GET and _may_preview(request)
    if not (preview or row.is_open()):
        return answers.not_found(request)
    with speaking(row.language):
        if request.method == "POST" and row.form and row.form.is_open and not preview:
            return _post(request, row)
        response = _page(request, row, preview=preview)
    if request.method == "GET" and not preview and "sent" not in request.GET:
        _record(request, response, row)
    return response


def safe(body: str) -> SafeString:
    """The marketer's HTML without anything that could run. Nothing else decides what a page may contain."""
    return mark_safe(nh3.clean(body, tags=TAGS, attributes=ATTRIBUTES, link_rel="noopener"))


def _may_preview(request: HttpRequest) -> bool:
    user = request.user
    return user.is_active and user.is_staff and user.has_perm("tracking.view_landingpage")


def _post(request: HttpRequest, row: LandingPage) -> HttpResponseBase:
    assert row.form
    posted = posting.receive(request, row.form)
    if not posted.accepted:
        return _page(request, row, posted=posted, status=422)
    return accepted(request, row.form, posted, back=request.path)


def _page(
    request: HttpRequest, row: LandingPage, *, posted: Posted | None = None, preview: bool = False, status: int = 200
) -> HttpResponse:
    form = row.form if row.form and row.form.is_open else None
    sent = nonces.read_sent(form, request.GET.get("sent", "")) if form else None
    here = request.build_absolute_uri(request.path)
    context = {
        "title": row.title,
        "body": safe(row.body),
        "drawn": drawn(form, action=request.path, posted=posted, page_url=here, request=request) if form else None,
        "thanks": thanks(request, form, sent) if form and sent else None,
        "preview": preview,
        "is_open": row.is_open(),
    }
    response = answers.page(
        request, "tracking/landing_page.html", context, status=status, posts_to=targets(form) if form else ()
    )
    if form and sent and kiosk.is_on(request, form):
        kiosk.begin_again(response, request.path)
    return response


def _record(request: HttpRequest, response: HttpResponse, row: LandingPage) -> None:
    """Note the visit, with a visitor id where the browser may be followed. The page is shown whatever happens."""
    if browsers.refuses(request) or browsers.is_ignored(request) or (row.form and row.form.is_kiosk):
        return
    seen = browsers.seen(request)
    if seen["visitor_id"] is None and browsers.may_follow(request):
        seen["visitor_id"] = new_visitor = uuid.uuid4()
        browsers.remember(response, request, new_visitor)
    utm = {name: text for name in UTM if (text := request.GET.get(f"utm_{name}", "")[:200])}
    data = {"title": row.title, "referrer": request.headers.get("Referer", "")[:1_000], "utm": utm}
    try:
        hits.record(
            NewHit(
                kind=Kind.LANDING_PAGE_VISITED,
                contact_id=passes.contact_id(request.GET.get(passes.PARAMETER, "")),
                subject_id=subjects.register(Subject.Type.LANDING_PAGE, row.pk, str(row)).pk,
                url=request.build_absolute_uri(request.path),
                data={name: value for name, value in data.items() if value},
                **seen,
            )
        )
    except Error:
        logger.exception("the visit of landing page %s was lost", row.pk)
        return
    ring()
