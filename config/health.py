"""Two questions an operator's machinery asks: is this process alive, and can it do its work?"""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. It looks at nothing else: restarting it would not bring a database back."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """503 while a part we cannot work without is away; the answer names it, the log says why."""
    parts = {name: check() for name, check in CHECKS.items()}
    return JsonResponse(
        {name: "ok" if well else "away" for name, well in parts.items()},
        status=200 if all(parts.values()) else 503,
    )


def database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("the database is away")
        return False
    return True


def valkey() -> bool:
    try:
        with redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        logger.exception("valkey is away")
        return False


CHECKS: dict[str, Callable[[], bool]] = {"database": database, "valkey": valkey}
