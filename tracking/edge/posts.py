"""Django for posts of forms, without what does nothing for them: a third of an empty request's work is middlewares."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver

from tracking.edge.request import Headers

# Who posts is nobody's session, gets no message, needs no CSRF token, asks for no file, and is not in the admin.
IDLE = frozenset(
    (
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "tracking.staff.leave_staff_alone",
    )
)


class PostRequest(WSGIRequest):
    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__(environ)
        self.headers = Headers(environ)  # type: ignore[assignment]  # few are asked for: no copy of all


class PostHandler(WSGIHandler):
    request_class = PostRequest

    def load_middleware(self, is_async: bool = False) -> None:
        """Called once, while the process starts: nobody else reads the settings meanwhile."""
        everything = settings.MIDDLEWARE
        settings.MIDDLEWARE = [path for path in everything if path not in IDLE]
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """As Django, which would go through all our addresses again for each post of the same form."""
        request.resolver_match = found = _resolved(request.path_info)
        return found


@lru_cache(maxsize=1000)
def _resolved(path: str) -> ResolverMatch:
    return get_resolver().resolve(path)
