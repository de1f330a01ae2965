"""How often something was asked for lately, counted in Redis. Where Redis is away everything is let through, at once."""

from __future__ import annotations

import logging
import time

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PAUSE = 10  # seconds without asking, after Redis did not answer
_ask_again_at = 0.0


def count(seconds: int, *names: object) -> int:
    """Count one more of this, and say how many there were in this window of so many seconds; 0 when nobody can know."""
    global _ask_again_at
    if time.monotonic() < _ask_again_at:
        return 0
    window = int(time.time() // seconds)
    key = ":".join(("limit", *map(str, names), str(seconds), str(window)))
    try:
        cache.add(key, 0, timeout=seconds * 2)
        return cache.incr(key)
    except (RedisError, ValueError):  # away, or it forgot the key between the two lines
        logger.warning("limits are not counted: Redis did not answer", exc_info=True)
        _ask_again_at = time.monotonic() + PAUSE
        return 0
