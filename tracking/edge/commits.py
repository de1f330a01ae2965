"""Group commit: hits that arrive together share one transaction, and each request waits until its own are safe.

There is no timer. While one commit is on its way, what arrives gathers for the next: batches grow with the load, and a
lone hit waits for nobody.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from typing import Any

import orjson

from tracking.doorbell import ring
from tracking.edge.keeper import COMMIT_SECONDS, Keeper, insert
from tracking.edge.line_sql import Away
from tracking.edge.spool import Spool

logger = logging.getLogger(__name__)

BATCH = 500  # requests
BACKLOG = 5000  # requests that may wait: more are refused at once, so that nothing piles up in memory
PATIENCE = 1.0  # seconds that a visitor waits for us at the very most
REPORT = 10.0  # seconds between two lines in the log about what was lost

Rows = Sequence[dict[str, Any]]


class Slot:
    """A request's hits, and the bell for when their fate is known."""

    __slots__ = ("done", "kept", "rows", "urgent")

    def __init__(self, rows: Rows, urgent: bool) -> None:
        self.rows = rows
        self.urgent = urgent
        self.kept = False
        self.done = threading.Lock()
        self.done.acquire()


class GroupCommit:
    def __init__(self, keeper: Keeper, spool: Spool) -> None:
        self._keeper = keeper
        self._spool = spool
        self._waiting: queue.SimpleQueue[Slot | None] = queue.SimpleQueue()
        self._reported_at = 0.0
        self._thread = threading.Thread(target=self._run, name="edge commits", daemon=True)
        self._thread.start()

    def keep(self, rows: Rows, urgent: bool = False) -> bool:
        """True when these hits are safe, in the database or on disk; False when that did not succeed in time."""
        if self._waiting.qsize() >= BACKLOG:
            self._lost(len(rows), "too many requests wait")
            return False
        slot = Slot(rows, urgent)
        self._waiting.put(slot)
        return slot.done.acquire(timeout=PATIENCE) and slot.kept

    def end(self) -> None:
        self._waiting.put(None)
        self._thread.join(2)

    def _run(self) -> None:
        while (slot := self._waiting.get()) is not None:
            batch = [slot]
            while len(batch) < BATCH and not self._waiting.empty():
                if (slot := self._waiting.get()) is None:
                    self._waiting.put(None)
                    break
                batch.append(slot)
            self._commit(batch)

    def _commit(self, batch: Sequence[Slot]) -> None:
        rows = [row for slot in batch for row in slot.rows]
        kept = False
        try:
            kept = self._keep(rows)
        except Exception:  # a bug of ours must not leave everybody waiting
            logger.exception("%d hits were lost", len(rows))
            self._spool.lose(len(rows))
        finally:
            for slot in batch:
                slot.kept = kept
                slot.done.release()
        if kept and any(slot.urgent for slot in batch):
            ring()

    def _keep(self, rows: Rows) -> bool:
        hits = orjson.dumps(rows)
        if self._stored(hits):
            return True
        try:
            self._spool.append(hits, len(rows))
        except OSError as error:
            self._lost(len(rows), str(error))
            return False
        self._keeper.bring_in()
        return True

    def _stored(self, hits: bytes) -> bool:
        """Into the database. A line that turns out to be dead may be dead since yesterday, so a second one is tried."""
        for _ in range(2):
            if (line := self._keeper.line()) is None:
                return False
            begun = time.monotonic()
            try:
                insert(line, hits, COMMIT_SECONDS, self._spool)
                return True
            except Away as error:
                self._keeper.lost(line, error)
                if time.monotonic() - begun > COMMIT_SECONDS / 2:
                    return False  # it hangs: a second try would take as long
        return False

    def _lost(self, count: int, reason: str) -> None:
        self._spool.lose(count)
        if time.monotonic() - self._reported_at > REPORT:
            self._reported_at = time.monotonic()
            logger.error("hits are being lost: %s", reason)
