"""What the log says while PostgreSQL or Valkey is away: that it is, and that it is back; not every failure of that time in full.

Nothing else is shortened: an error of ours, or one of a server that is there (a deadlock, a full disk), is logged as ever.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import kombu.exceptions
import psycopg
import redis
from django.apps import apps
from django.db import InterfaceError, OperationalError

from config.celery import GivenUp

logger = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between two looks whether it is back
FIRST_REMINDER = 60.0  # seconds; each following one takes twice as long as the one before
# SQLSTATEs of a server that goes, comes or cannot be reached. Without one: there was no server to give it.
GONE = ("08", "57P01", "57P02", "57P03")
# Who says the same for every request, message or second: one line for all of them is enough to read.
REPEATING = (
    "celery",
    "kombu",
    "django",
    "config.refusals",
    "config.health",
    "tracking.doorbell",
    "tracking.views.answers",
)


class Outages(logging.Filter):
    """Filter of a handler. `each`: keep a line of every failure, for machines that count them."""

    def __init__(self, each: bool = False) -> None:
        super().__init__()
        self._each = each

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == __name__ or logging.getLogger().isEnabledFor(logging.DEBUG):
            return True
        found = next(_outages_in(record), None)
        if found and isinstance(found[1], GivenUp):
            return self._each
        if found is None:
            return self._each or not (_is_unavailable(record) and any(part.is_away for part in PARTS.values()))
        name, error = found
        is_kept = self._each or not record.name.startswith(REPEATING)
        PARTS[name].missed(error, left_out=not is_kept)
        if is_kept:
            _shorten(record, error)
        return is_kept


def server_missing(error: BaseException | None) -> str | None:
    """The server whose being away is what this error, or what caused it, is about."""
    while error is not None:
        if _is_postgres_away(error):
            return "PostgreSQL"
        if _is_valkey_away(error):
            return "Valkey"
        error = error.__cause__
    return None


class Part:
    """A server we need. Whether it is away is each process's own knowledge."""

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        """`ask` raises while the server is away."""
        self._name, self._ask = name, ask
        self.forget()

    def forget(self) -> None:
        """A process that was forked has neither the thread of its parent nor what that knows."""
        self._turn = threading.Lock()
        self._since: float | None = None
        self._left_out = 0
        self._reason = ""

    @property
    def is_away(self) -> bool:
        return self._since is not None

    def missed(self, error: BaseException, left_out: bool) -> None:
        with self._turn:
            self._left_out += left_out
            self._reason = first_line(error)
            begins = self._since is None
            if begins:
                self._since = time.monotonic()
        if begins:
            logger.error("%s is away, what is to be done waits: %s", self._name, self._reason)
            with suppress(RuntimeError):  # the process is ending
                threading.Thread(target=self._watch, name=f"{self._name} is away", daemon=True).start()

    def _watch(self) -> None:
        begun = time.monotonic()
        remind_at, wait = begun + FIRST_REMINDER, FIRST_REMINDER
        while not self._answers():
            if time.monotonic() > remind_at:
                logger.error("%s is still away after %d s: %s", self._name, time.monotonic() - begun, self._reason)
                wait *= 2
                remind_at += wait
            time.sleep(PAUSE)
        with self._turn:
            left_out, self._left_out, self._since = self._left_out, 0, None
        seconds = time.monotonic() - begun
        logger.warning("%s is back after %d s; messages about it left out: %d", self._name, seconds, left_out)

    def _answers(self) -> bool:
        try:
            self._ask()
        except Exception as error:  # whatever it is, it is told with the next reminder
            self._reason = first_line(error)
            return False
        return True


def first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {' '.join(lines[0].split())}" if lines else type(error).__name__


# Small steps


def _outages_in(record: logging.LogRecord) -> Iterator[tuple[str, BaseException]]:
    """Of the exception that is logged, and of those that are told within a message, what is about a server that is away."""
    told = record.args if isinstance(record.args, tuple) else ()
    for error in (record.exc_info and record.exc_info[1], *told):
        if isinstance(error, BaseException) and (name := server_missing(error)):
            yield name, error


def _is_unavailable(record: logging.LogRecord) -> bool:
    """Django's own line about a request that was answered "try again in a moment"."""
    return record.name == "django.request" and getattr(record, "status_code", None) == 503


def _shorten(record: logging.LogRecord, error: BaseException) -> None:
    lines, reason = record.getMessage().strip().splitlines(), first_line(error)
    said = lines[0] if lines else ""
    record.msg, record.args = said if str(error).strip().partition("\n")[0] in said else f"{said} ({reason})", ()
    record.exc_info = record.exc_text = record.stack_info = None


def _is_postgres_away(error: BaseException) -> bool:
    if apps.ready:
        from tracking.edge.line_sql import Away

        if isinstance(error, Away):
            return True
    if not isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError | psycopg.InterfaceError):
        return False
    sqlstate = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate).startswith(GONE)
    return isinstance(error, OperationalError | psycopg.OperationalError) or "connection" in str(error)


def _is_valkey_away(error: BaseException) -> bool:
    return isinstance(error, redis.ConnectionError | redis.TimeoutError | kombu.exceptions.OperationalError)


def _ask_postgres() -> None:
    from config import health

    health.ask_database()


def _ask_valkey() -> None:
    from config import health

    health.ask_valkey()


PARTS = {"PostgreSQL": Part("PostgreSQL", _ask_postgres), "Valkey": Part("Valkey", _ask_valkey)}
for _part in PARTS.values():
    os.register_at_fork(after_in_child=_part.forget)
