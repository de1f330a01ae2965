"""The keeper: a thread that opens the line to the database, opens it again when it is lost, and brings in what waited on disk."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from tracking.edge.line_sql import NOTE_OUTAGE, Away, Line, Unfit
from tracking.edge.spool import Segment, Spool

logger = logging.getLogger(__name__)

COMMIT_SECONDS = 0.4  # what a commit may take before the hits are put on disk instead
REOPEN_SECONDS = 0.2  # what a lost line may take to come back before that
PAUSE = 0.5  # between two tries to open it
ROUND = 10.0  # between two looks at what other processes left on disk
DRAIN_SECONDS = 10.0  # for one batch from the disk: nobody waits for it
TOGETHER = 1000  # hits that are brought in with one statement


class Keeper:
    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._line: Line | None = None
        self._tried = threading.Event()  # since the line was lost, or given up waiting for
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="edge keeper", daemon=True)
        self._thread.start()

    def line(self) -> Line | None:
        """The line, or None while the database is away. A line just lost is given a moment to come back."""
        if not self._tried.wait(REOPEN_SECONDS):
            self._tried.set()  # who comes next does not wait again
        return self._line

    def lost(self, line: Line, reason: Exception) -> None:
        """The line is of no more use: open another."""
        logger.warning("the database is away, hits wait on disk: %s", _first_line(reason))
        line.close()
        self._line = None
        self._tried.clear()
        self._wake.set()

    def bring_in(self) -> None:
        """There is something on disk: see to it soon."""
        self._wake.set()

    def end(self) -> None:
        self._ended = True
        self._wake.set()
        self._thread.join(2)
        if line := self._line:
            self._line = None
            line.close()

    def _run(self) -> None:
        while not self._ended:
            self._wake.clear()
            try:
                self._look_after()
            except (Away, OSError) as error:
                logger.warning("hits still wait on disk: %s", _first_line(error))
            except Exception:  # without this thread no line would ever be opened again
                logger.exception("the keeper goes on")
            if self._line is None:
                time.sleep(PAUSE)  # whoever wakes us: it has just been tried
            else:
                self._wake.wait(ROUND)

    def _look_after(self) -> None:
        if self._line is None:
            self._open()
        if self._line is not None:
            drain(self._spool)

    def _open(self) -> None:
        try:
            self._line = Line(COMMIT_SECONDS)
        except Away:
            pass
        finally:
            self._tried.set()


def drain(spool: Spool) -> int:
    """Bring in what waits on disk and nobody holds; how many hits. Safe to repeat and to race: a hit counts once."""
    brought, line = 0, None
    try:
        for segment in spool.segments():
            try:
                line = line or Line(DRAIN_SECONDS)
                brought += _bring_in(segment, line, spool)
            except BaseException:
                segment.let_go()  # still there, for the next try
                raise
            segment.remove()
        if lost := spool.unnoted:
            line = line or Line(DRAIN_SECONDS)
            _note(line, [uuid.uuid4().hex, time.time(), time.time(), 0, lost])
            spool.unnoted -= lost
    finally:
        if line:
            line.close()
    return brought


def _bring_in(segment: Segment, line: Line, spool: Spool) -> int:
    kept = 0
    for hits, count in _together(segment.lines()):
        insert(line, hits, DRAIN_SECONDS, spool)
        kept += count
    if kept or segment.lost:
        _note(line, [segment.path.stem, segment.began_at, segment.ended_at, kept, segment.lost])
        logger.warning("%d hits that waited on disk were brought in, %d had been lost", kept, segment.lost)
    return kept


def _first_line(error: Exception) -> str:
    """What happened; the others guess why."""
    return str(error).strip().partition("\n")[0]


def _set_aside(hits: bytes, reason: Unfit, spool: Spool) -> None:
    try:
        spool.refuse(hits)
        logger.error("the database refuses a hit, it was set aside: %s", reason)
    except OSError:
        spool.lose(1)
        logger.error("the database refuses a hit, it was lost: %s", reason)


def _together(lines: Iterable[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """Small batches as large ones: each costs a commit."""
    parts: list[bytes] = []
    total = 0
    for hits, count in lines:
        parts.append(hits[1:-1])
        total += count
        if total >= TOGETHER:
            yield b"[%b]" % b",".join(parts), total
            parts, total = [], 0
    if parts:
        yield b"[%b]" % b",".join(parts), total


def _note(line: Line, values: Sequence[Any]) -> None:
    line.run(NOTE_OUTAGE, values, DRAIN_SECONDS)


def insert(line: Line, hits: bytes, seconds: float, spool: Spool) -> None:
    """Insert hits, a JSON list; those that the database refuses are found by halving and set aside. Raises Away."""
    try:
        line.insert(hits, seconds)
    except Unfit as error:
        rows = orjson.loads(hits)
        if len(rows) == 1:
            _set_aside(hits, error, spool)
            return
        for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            insert(line, orjson.dumps(part), seconds, spool)
