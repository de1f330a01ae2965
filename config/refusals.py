"""What no view answered: not there (404), not to be seen (403) or read (400), a part away (503), or a fault of ours (500)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

from django.contrib.admin.options import IncorrectLookupParameters
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerAway
from redis.exceptions import RedisError

from tracking.payload import Refused
from tracking.views import answers

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError, RedisError, BrokerAway)
UNREADABLE = (ValueError, DataError)


class Refusals:
    """Middleware. Public views answer for themselves (`tracking.views.answers.public`); this is for the admin, and the rest."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "%00" in request.META.get("QUERY_STRING", "") and answers.is_admin(request):
            # No text in PostgreSQL has a NUL: there is nothing to look for.
            return HttpResponseRedirect(request.path) if request.method in ("GET", "HEAD") else _unreadable(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, AWAY):
            return away(request, exception)
        if answers.is_admin(request) and is_theirs(request, exception):
            logger.warning("refused: %s", request.path, exc_info=exception)
            return _unreadable(request)
        return None


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: the database may have been missed outside of any view, by sessions say."""
    exception = sys.exception()
    if isinstance(exception, AWAY):
        return away(request, exception)
    if answers.wants_json(request):
        return answers.problem(500, _("Something went wrong on our side. It has been noted."))
    text = _("It is our fault, and it has been noted. Please try again in a moment.")
    return answers.message(request, 500, _("Something went wrong"), text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    if answers.wants_json(request):
        return answers.problem(404, _("This page does not exist"))
    return answers.not_found(request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return _refuse(request, Refused(403, _("You may not open this page.")))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return _unreadable(request)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token of this session, such as one that was opened before signing in again."""
    return _refuse(request, Refused(403, _("Nothing was recorded. To try again, please fill in the form once more.")))


def away(request: HttpRequest, exception: BaseException) -> HttpResponse:
    logger.error("%s could not be answered: %s", request.path, exception)
    return answers.unavailable(request)


def is_theirs(request: HttpRequest, exception: Exception) -> bool:
    """Is it about a value that came with the request, such as an id that is no number? Then it is no error of ours."""
    if isinstance(exception, IncorrectLookupParameters):
        return True
    if not isinstance(exception, UNREADABLE):
        return False
    said = str(exception)
    if "NUL" in said:
        return any("\0" in value for value in _sent(request))
    return "Field '" in said and any(f"got {value!r}" in said for value in _sent(request))


def _sent(request: HttpRequest) -> Iterator[str]:
    yield from unquote_plus(request.path).split("/")
    for values in (request.GET, request.POST):
        for _name, texts in values.lists():
            yield from map(str, texts)


def _unreadable(request: HttpRequest) -> HttpResponse:
    sentence = _("The address or the form had a value in it that cannot be read. Go back and try again.")
    return _refuse(request, Refused(400, sentence))


def _refuse(request: HttpRequest, refused: Refused) -> HttpResponse:
    if answers.wants_json(request):
        return answers.problem(refused.status, refused.sentence)
    return answers.refusal(request, refused)
