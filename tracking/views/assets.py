"""Assets: a file of ours or an address elsewhere, at once or after a form; each download is recorded."""

from __future__ import annotations

import logging
import uuid
from pathlib import PurePath

from django.db import Error
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.encoding import iri_to_uri

from tracking import browsers, hits, nonces, passes, payload, posting, subjects
from tracking.doorbell import ring
from tracking.hits import NewHit
from tracking.models import Asset, Kind, Subject
from tracking.posting import Posted
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.drawing import confirmation, drawn, speaking
from tracking.views.forms import accepted

logger = logging.getLogger(__name__)
DOWNLOADS = uuid.UUID("8a4e0c55-8a2e-4c2b-8f6f-0f4f8f1c9d10")


@public("GET", "HEAD", "POST")
def asset(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Hand the asset over; where a form stands before it, only to whoever holds a grant."""
    row = Asset.objects.select_related("gate", "gate__asset").filter(public_id=public_id, is_active=True).first()
    if row is None:
        return answers.not_found(request)
    token = request.GET.get("g", "")
    visitor_id = nonces.read_grant(row, token) if token else None
    # A gate switched off is no gate: the marketer closes a form, not the download.
    gated = row.gate is not None and row.gate.is_open
    if gated and visitor_id is None:
        return _at_the_gate(request, row)
    response = _download(request, row)
    if request.method == "GET" and response.status_code < 400 and not browsers.is_ignored(request):
        _record(request, row, visitor_id, token)
    return response


def _at_the_gate(request: HttpRequest, row: Asset) -> HttpResponseBase:
    assert row.gate
    with speaking(row.gate.language):
        if request.method == "POST":
            posted = posting.receive(request, row.gate)
            if not posted.accepted:
                return _page(request, row, posted=posted, status=422)
            # The download was promised here: it is shown even where the form by itself would lead elsewhere.
            return accepted(request, row.gate, posted, back=request.path, leads_on=False)
        if sent := nonces.read_sent(row.gate, request.GET.get("sent", "")):
            download = f"{request.path}?g={nonces.grant(row, sent.visitor_id)}"
            return _page(request, row, download=download, confirm=confirmation(row.gate, sent))
        return _page(request, row)


def _page(
    request: HttpRequest,
    row: Asset,
    *,
    posted: Posted | None = None,
    download: str = "",
    confirm: str = "",
    status: int = 200,
) -> HttpResponse:
    assert row.gate
    here = request.build_absolute_uri(request.path)
    context = {
        "title": row.name,
        "asset": row,
        "drawn": None
        if download
        else drawn(row.gate, action=request.path, posted=posted, page_url=here, request=request),
        "download": download,
        "confirm": confirm,
    }
    return answers.page(request, "tracking/asset.html", context, status=status)


def _download(request: HttpRequest, row: Asset) -> HttpResponseBase:
    response: HttpResponseBase
    if row.file:
        try:
            response = FileResponse(
                row.file.open("rb"), as_attachment=True, filename=PurePath(row.file.name or "").name
            )
        except OSError:
            logger.exception("the file of asset %s is not there", row.pk)
            return answers.not_found(request)
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["X-Content-Type-Options"] = "nosniff"
    elif payload.is_web_address(row.url):
        response = HttpResponseRedirect(iri_to_uri(row.url))
    else:
        return answers.not_found(request)
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex"
    return response


def _record(request: HttpRequest, row: Asset, granted_to: uuid.UUID | None, token: str) -> None:
    """A grant is one download, however often the browser asks for the file; without one each request counts."""
    seen = browsers.seen(request)
    if granted_to:
        seen["visitor_id"] = granted_to
    try:
        hits.record(
            NewHit(
                kind=Kind.ASSET_DOWNLOADED,
                key=uuid.uuid5(DOWNLOADS, token) if granted_to else uuid.uuid4(),
                contact_id=passes.contact_id(request.GET.get(passes.PARAMETER, "")),
                subject_id=subjects.register(Subject.Type.ASSET, row.pk, str(row)).pk,
                **seen,
            )
        )
    except Error:
        logger.exception("a download of asset %s was lost", row.pk)
        return
    ring()
