"""What every request must pass before anything reads it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

NUL = "%00"


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: 400 for an address with a NUL in it. No text in PostgreSQL has one, so nothing can be meant by it."""

    def answer(request: HttpRequest) -> HttpResponse:
        if NUL in request.META.get("QUERY_STRING", "") and request.path.startswith("/admin/"):
            return HttpResponseBadRequest("NUL")
        return get_response(request)

    return answer
