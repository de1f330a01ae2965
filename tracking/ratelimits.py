"""How often something was asked for lately, counted in Redis. Where Redis is away everything is let through, at once."""

from __future__ import annotations

import logging
import threading
import time
from functools import cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

MOMENT = 0.5  # seconds to wait for it
PAUSE = 10  # seconds without asking, after Redis did not answer
_ask_again_at = 0.0
_making = threading.Lock()


def count(seconds: int, *names: object) -> int:
    """Count one more of this, and say how many there were in this window of so many seconds; 0 when nobody can know."""
    global _ask_again_at
    if time.monotonic() < _ask_again_at:
        return 0
    window = int(time.time() // seconds)
    key = ":".join(("bareme:limit", *map(str, names), str(seconds), str(window)))
    try:
        with _redis().pipeline(transaction=False) as trip:  # one for both
            trip.incr(key)
            trip.expire(key, seconds * 2)
            return int(trip.execute()[0])
    except RedisError:
        logger.warning("limits are not counted: Redis did not answer", exc_info=True)
        _ask_again_at = time.monotonic() + PAUSE
        return 0


def _redis() -> Redis:
    """One for all threads of a process: a second one, thrown away, would hang up on those who use it."""
    with _making:
        return _client()


@cache
def _client() -> Redis:
    """Not by Django's cache: that makes a client for each command, and needs three to count."""
    return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=MOMENT, socket_timeout=MOMENT)
