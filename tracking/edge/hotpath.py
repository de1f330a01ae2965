"""The WSGI callable in front of Django. It answers good requests to the hot addresses; everything else is Django's."""

from __future__ import annotations

import atexit
import logging
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings

from tracking import hits, taking
from tracking.edge import reading
from tracking.edge.commits import GroupCommit, Naming
from tracking.edge.keeper import Keeper
from tracking.edge.lookups import CachedLookups
from tracking.edge.reading import MAX_BYTES, NoSuchLink, Reply, Unanswered
from tracking.edge.request import EdgeRequest
from tracking.edge.spool import Spool, is_usable
from tracking.edge.together import Together
from tracking.payload import Refused, Wrong
from tracking.tokens import BadToken

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

AWAY = "bareme.away"  # in the environ: nothing can be looked up or kept just now, so Django need not try
STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
LENGTH = re.compile(r"[0-9]{1,9}")
TURN_SECONDS = 0.5  # a request waits so long for its turn with Django
OURS_TO_EXPLAIN = (BadToken, NoSuchLink, Refused, Wrong)  # Django answers in a sentence, in the visitor's language


class Edge:
    """What a process needs to keep hits and to look links up. Made at its first hit: threads do not survive a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        spool = Spool(settings.SPOOL_ROOT, settings.SPOOL_MB * 1_000_000)
        if not is_usable(spool.folder):
            logger.error("hits would be lost without the database: SPOOL_ROOT=%s cannot be written", spool.folder)
        self.keeper = Keeper(spool)
        self.commits = GroupCommit(self.keeper, spool)
        self.lookups = CachedLookups()
        self.together = Together(self.commits)
        atexit.register(self.end)

    def end(self) -> None:
        if self.pid == os.getpid():
            self.commits.end()
            self.keeper.end()
            self.lookups.end()


class Turns:
    """What requests that may wait long share, so that threads are left for those that never do. First come, first served."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[threading.Lock] = deque()  # each is let go when its turn has come
        self._mutex = threading.Lock()
        self._jammed = False

    def take(self) -> bool:
        """Wait for a turn, but not long; and not at all after somebody waited in vain, until a turn comes back."""
        with self._mutex:
            if self._free:
                self._free -= 1
                return True
            if self._jammed:
                return False
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=TURN_SECONDS):
            return True
        with self._mutex:
            if turn not in self._waiting:
                return True  # it came at the last moment
            self._waiting.remove(turn)
            self._jammed = True
            return False

    def give_back(self) -> None:
        """To whoever waits longest: who comes later, this thread's next request say, cannot be faster."""
        with self._mutex:
            self._jammed = False
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


class HotPath:
    def __init__(self, django: Application, posts: Application | None = None) -> None:
        """`posts` answers the posts of forms, as Django would."""
        self._django = django
        self._posts = posts or django
        self._turns = Turns(settings.DJANGO_THREADS)
        self._starting = threading.Lock()
        self._edge: Edge | None = None
        self._https = settings.SECURE_SSL_REDIRECT

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path[:3] == "/t/" and (reply := self._reply(path, environ)):
            start_response(STATUS[reply.status], [*reply.headers, ("Content-Length", str(len(reply.body)))])
            return [reply.body if environ["REQUEST_METHOD"] != "HEAD" else b""]
        if path[:3] == "/f/" and environ["REQUEST_METHOD"] == "POST":
            environ[taking.KEY] = self.edge().together
            return self._in_turn(self._posts, environ, start_response)
        return self._in_turn(self._django, environ, start_response)

    def _reply(self, path: str, environ: Environ) -> Reply | None:
        """The answer, its hits kept; None for what Django should answer."""
        try:
            reply = self._read(path, environ)
        except Unanswered:
            environ[AWAY] = True
            return None
        except OURS_TO_EXPLAIN:
            return None
        if reply and reply.hits:
            naming = Naming(reply.names) if reply.names else None
            kept = self.edge().commits.keep(hits.rows(reply.hits), reply.urgent, naming)
            if not kept and reply.owes:
                environ[AWAY] = True
                return None
            if naming and naming.is_allowed:
                return replace(reply, headers=reply.named)
        return reply

    def _read(self, path: str, environ: Environ) -> Reply | None:
        if path == "/t/b":
            return self._beacon(environ)
        request = EdgeRequest(environ)
        if request.method not in ("GET", "HEAD") or (self._https and not request.is_secure()):
            return None
        match path[3:5]:
            case "o/" if path.endswith(".gif"):
                return reading.opened(request, path[5:-4])
            case "c/":
                return reading.clicked(request, path[5:], self.edge().lookups)
            case "p." if path == "/t/p.gif":
                return reading.site_pixel(request)
        return None

    def _beacon(self, environ: Environ) -> Reply | None:
        length = environ.get("CONTENT_LENGTH") or ""
        if environ["REQUEST_METHOD"] != "POST" or not LENGTH.fullmatch(length) or int(length) > MAX_BYTES:
            return None
        if not self._turns.take():
            return None
        try:
            body = environ["wsgi.input"].read(int(length))
        finally:
            self._turns.give_back()
        environ["wsgi.input"] = BytesIO(body)  # for Django, should it have to answer
        if reading.asks_the_database(body):
            return None
        request = EdgeRequest(environ, body)
        return None if self._https and not request.is_secure() else reading.beacon(request)

    def _in_turn(self, django: Application, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._turns.take():
            return busy(start_response)
        try:
            return django(environ, start_response)
        finally:
            self._turns.give_back()

    def edge(self) -> Edge:
        """This process's own."""
        edge = self._edge
        if edge is None or edge.pid != os.getpid():
            with self._starting:
                edge = self._edge
                if edge is None or edge.pid != os.getpid():
                    edge = self._edge = Edge()
        return edge


def is_away(environ: Mapping[str, Any]) -> bool:
    """Has the hot path found out that the database does not answer?"""
    return AWAY in environ


def busy(start_response: StartResponse) -> Iterable[bytes]:
    """Every thread that may wait long is taken: by slow senders, or because the database hangs."""
    start_response(STATUS[503], [("Content-Type", "text/plain"), ("Content-Length", "0"), ("Retry-After", "5")])
    return [b""]
