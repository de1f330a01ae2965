"""Our own people: whoever is logged in to the admin is not tracked in that browser, unless they ask to be."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from tracking import browsers

Answer = Callable[[HttpRequest], HttpResponseBase]


def leave_staff_alone(get_response: Answer) -> Answer:
    """Middleware: a browser in which somebody uses the admin is marked as one of ours, unless it has said otherwise."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path.startswith(reverse("admin:index")) and browsers.STAFF_COOKIE not in request.COOKIES:
            user = getattr(request, "user", None)
            if user is not None and user.is_staff:
                browsers.ignore(response, request)
        return response

    return answer
