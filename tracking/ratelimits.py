"""How often something was asked for lately. A process counts by itself; what others count it learns from Redis, soon.

So nobody waits for Redis, a third of the time of a form's post. While it is away, each process counts for itself alone.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

EVERY = 0.25  # seconds between two times of telling Redis: as long may a process not know what another counts
MOMENT = 0.5  # seconds to wait for it
PAUSE = 10  # seconds without telling, after Redis did not answer
REMEMBERED = 50_000  # names: with more, a process starts again with what Redis says

Key = tuple[str, int]  # in Redis, and how many seconds its window has

TELL = """
local totals = {}
for number, key in ipairs(KEYS) do
    totals[number] = redis.call('INCRBY', key, ARGV[2 * number - 1])
    redis.call('EXPIRE', key, ARGV[2 * number])
end
return totals
"""

_totals: dict[Key, int] = {}  # as far as this process knows
_untold: dict[Key, int] = {}  # what of these Redis has yet to hear
_mutex = threading.Lock()  # of both
_wanted = threading.Event()
_starting = threading.Lock()
_teller: threading.Thread | None = None


def count(seconds: int, *names: object) -> int:
    """Count one more of this, and say how many there were in this window of so many seconds. It waits for nobody."""
    key = ":".join(("bareme:limit", *map(str, names), str(seconds), str(int(time.time() // seconds)))), seconds
    with _mutex:
        if len(_totals) >= REMEMBERED:
            _totals.clear()
            _untold.clear()
        _untold[key] = _untold.get(key, 0) + 1
        _totals[key] = total = _totals.get(key, 0) + 1
    if not _wanted.is_set():
        _wanted.set()
        if _teller is None or not _teller.is_alive():
            _start()
    return total


def tell() -> bool:
    """Tell Redis what was counted here since the last time, and learn what all counted. Did it answer?"""
    with _mutex:
        telling = dict(_untold)
        _untold.clear()
    try:
        totals = _told(telling) if telling else []
    except RedisError:
        logger.warning("each process counts limits for itself: Redis did not answer", exc_info=True)
        with _mutex:
            for key, times in telling.items():
                _untold[key] = _untold.get(key, 0) + times
        return False
    with _mutex:
        for key, total in zip(telling, totals, strict=True):
            _totals[key] = total + _untold.get(key, 0)
    return True


def _told(telling: dict[Key, int]) -> list[int]:
    """The totals of all processes, in one trip however much it is."""
    keys = [name for name, _seconds in telling]
    values = [value for (_name, seconds), times in telling.items() for value in (times, seconds * 2)]
    totals: Any = _client().eval(TELL, len(keys), *keys, *values)
    return list(map(int, totals))


def _start() -> None:
    """One thread for each process, made when it first counts: a forked worker has none that lives."""
    global _teller
    with _starting:
        if _teller is None or not _teller.is_alive():
            _teller = threading.Thread(target=_tell_when_wanted, name="limits", daemon=True)
            _teller.start()


def _tell_when_wanted() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        time.sleep(EVERY if tell() else PAUSE)


@cache
def _client() -> Redis:
    """Not by Django's cache: that makes a client for each command."""
    return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=MOMENT, socket_timeout=MOMENT)
