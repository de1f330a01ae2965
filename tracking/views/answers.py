"""What public addresses answer with: pages under strict headers, pixels, and errors in one sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from tracking.payload import Refused, Wrong
from tracking.pixels import GIF, PIXEL_HEADERS

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]


def public(*methods: str) -> Callable[[View], View]:
    """Decorate a public view: other methods are 405, what it refuses is a 4xx with a sentence. It needs no CSRF token."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return _not_allowed(request, methods)
            try:
                return view(request, *args, **kwargs)
            except Refused as refused:
                return _refused(request, refused)
            except Wrong as wrong:
                return problem(422, wrong.sentence, field=wrong.field)
            except (OperationalError, InterfaceError):
                logger.exception("the database is away: %s was not taken", request.path)
                return unavailable(request)

        return guarded

    return decorate


def open_to_all(view: View) -> View:
    """Decorate a view that scripts of any site may call: CORS for every origin, never with credentials."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = HttpResponse(status=204) if request.method == "OPTIONS" else view(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        if request.method == "OPTIONS":
            response["Access-Control-Allow-Methods"] = "GET, POST"
            response["Access-Control-Allow-Headers"] = "Content-Type, Accept"
            response["Access-Control-Max-Age"] = "86400"
        return response

    return csrf_exempt(answered)


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    embeddable: bool = False,
) -> HttpResponse:
    """A public page. `embeddable`: other sites may frame it."""
    response = render(request, template, dict(context), status=status)
    harden(response, embeddable=embeddable)
    response["Cache-Control"] = "no-store"
    response["Content-Language"] = get_language() or settings.LANGUAGE_CODE
    return response


def harden(response: HttpResponseBase, *, embeddable: bool = False) -> None:
    """Nothing inline, nothing from elsewhere but images, and no frames around it unless it is made for that."""
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' https: data:",
        "media-src": "'self' https:",
        "font-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",  # no text becomes HTML or code, in our own scripts either
        "trusted-types": "'none'",
        "frame-ancestors": "*" if embeddable else "'self'",
    }
    response["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    # The frame-ancestors above say it better; the older header knows no "everybody".
    response.xframe_options_exempt = True  # type: ignore[attr-defined]


def pixel(status: int = 200) -> HttpResponse:
    return HttpResponse(GIF, headers=dict(PIXEL_HEADERS), status=status)


def no_icon(request: HttpRequest) -> HttpResponse:
    """What browsers ask for where a page, such as a letter or a file, names no icon: nothing, and not again soon."""
    return HttpResponse(status=204, headers={"Cache-Control": "public, max-age=604800"})


def script(source: str, *, max_age: int) -> HttpResponse:
    response = HttpResponse(source, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={max_age}" if max_age else "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def wants_json(request: HttpRequest) -> bool:
    """Is a program asking? The API and the beacon are always asked by one; a form by its headers."""
    if request.path.startswith("/api/") or request.path == "/t/b":
        return True
    accept = request.headers.get("Accept", "")
    return "text/html" not in accept and (request.content_type == "application/json" or "application/json" in accept)


def problem(status: int, sentence: str, **where: Any) -> JsonResponse:
    """An error for a program: one sentence for its author, and where."""
    return JsonResponse({"error": sentence, **where}, status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The friendly page for a link that leads nowhere (any more)."""
    text = _("The link may be incomplete, or what was here is no longer available.")
    return message(request, 404, _("This page does not exist"), text)


def message(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page of one sentence; in the admin with a way back. It needs no database and no session."""
    in_admin = is_admin(request)
    context = {"title": title, "text": text, "in_admin": in_admin}
    embeddable = "embed" in request.GET and not in_admin
    return page(request, "tracking/message.html", context, status=status, embeddable=embeddable)


def is_admin(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    response: HttpResponse
    response = problem(refused.status, refused.sentence) if wants_json(request) else refusal(request, refused)
    if refused.status == 429:
        response["Retry-After"] = "600"
    return response


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    return message(request, refused.status, _("That did not work"), refused.sentence)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Nothing was taken, and it is our fault: try again. Never an answer that looks like a success.

    Whoever was led here after their answers were kept (`sent`) is told that they were, lest they send them again.
    """
    response: HttpResponse
    if request.path.endswith(".js"):
        response = script("console.warn('Bareme: please try again in a moment');", max_age=0)
        response.status_code = 503
    elif wants_json(request) or request.content_type == "application/json":
        response = problem(503, _("Nothing was recorded. Please try again in a moment."))
    else:
        was_kept = request.method == "GET" and "sent" in request.GET
        title = _("We have received your answers.") if was_kept else _("Please try again in a moment")
        response = message(request, 503, title, _("We cannot open this page just now."))
    response["Retry-After"] = "30"
    return response


def _not_allowed(request: HttpRequest, methods: Collection[str]) -> HttpResponse:
    sentence = _("This address does not answer to %(method)s.") % {"method": request.method}
    response: HttpResponse
    response = problem(405, sentence) if wants_json(request) else refusal(request, Refused(405, sentence))
    response["Allow"] = ", ".join(methods)
    return response
