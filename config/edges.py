"""What every request must pass before anything reads it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

NUL = "%00"


def forget_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a page of the admin that is asked for with a NUL is asked for without: no text in PostgreSQL has one."""

    def answer(request: HttpRequest) -> HttpResponse:
        if NUL in request.META.get("QUERY_STRING", "") and request.path.startswith("/admin/"):
            return HttpResponseRedirect(request.path)
        return get_response(request)

    return answer
