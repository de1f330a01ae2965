"""Django for posts of forms: without the middlewares that do nothing for them, a third of an empty request's work."""

from __future__ import annotations

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

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


class PostHandler(WSGIHandler):
    def load_middleware(self, is_async: bool = False) -> None:
        """Called once, while the process starts: nobody else reads the settings meanwhile."""
        everything = settings.MIDDLEWARE
        settings.MIDDLEWARE = [path for path in everything if path not in IDLE]
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything
