"""Two questions an operator's machinery asks: is this process alive, and can it do its work?"""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tracking.edge.line_sql import Away, Line
from tracking.edge.spool import is_usable, waiting_bytes

logger = logging.getLogger(__name__)
PATIENCE = 2.0  # seconds


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. It looks at nothing else: restarting it would not bring a database back."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """503 while a part we cannot work without is away; the answer names it, the log says why.

    The spool has hits while the database is away, and for a moment after that: they are safe, nothing is wrong with it.
    """
    parts = {name: check() for name, check in CHECKS.items()}
    answer = {name: "ok" if well else "away" for name, well in parts.items()}
    waiting = waiting_bytes(settings.SPOOL_ROOT)
    answer["spool"] = f"{waiting} bytes wait" if waiting else "empty"
    if not is_usable(settings.SPOOL_ROOT):
        answer["spool"] = "cannot be written"
    return JsonResponse(answer, status=200 if all(parts.values()) else 503)


def database() -> bool:
    return _answers(ask_database, "the database is away")


def valkey() -> bool:
    return _answers(ask_valkey, "valkey is away")


def ask_database() -> None:
    """Raises Away."""
    line = Line(PATIENCE)
    try:
        line.run(b"SELECT 1", [], PATIENCE)
    finally:
        line.close()


def ask_valkey() -> None:
    """Raises RedisError."""
    with redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
        client.ping()


def _answers(ask: Callable[[], None], otherwise: str) -> bool:
    try:
        ask()
    except (Away, redis.RedisError):
        logger.exception(otherwise)
        return False
    return True


CHECKS: dict[str, Callable[[], bool]] = {"database": database, "valkey": valkey}
