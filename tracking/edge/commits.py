"""Group commit: hits that arrive together share one transaction, and each request waits until its own are safe.

There is no timer. While one commit is on its way, what arrives gathers for the next: batches grow with the load, and a
lone hit waits for nobody, not even for a thread of ours: its own commits it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson

from tracking import passes
from tracking.doorbell import ring
from tracking.edge.keeper import COMMIT_SECONDS, Keeper, insert
from tracking.edge.line_sql import ANSWERS, Away, Line, Unfit
from tracking.edge.spool import Spool

logger = logging.getLogger(__name__)

BACKLOG = 1000  # requests that may wait: more are refused at once, so that nothing piles up in memory
PATIENCE = 1.0  # seconds that a visitor waits for us at the very most
REPORT = 10.0  # seconds between two lines in the log about what was lost

ASKING = 0.2  # seconds to wait for who may be named

Rows = Sequence[dict[str, Any]]


class Naming:
    """May a site be told that this contact comes? Not while the database does not say."""

    __slots__ = ("contact_id", "is_allowed")

    def __init__(self, contact_id: int) -> None:
        self.contact_id = contact_id
        self.is_allowed = False


class Batch:
    """The hits of requests that share a fate, what they ask, and a bell for each request that waits for it.

    One gate that each opens for the next costs less, but where other threads compute, each would wait for its turn first.
    """

    __slots__ = ("bells", "kept", "namings", "rows", "tries", "urgent")

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.bells: list[threading.Lock] = []
        self.namings: list[Naming] = []
        self.urgent = False
        self.kept = False
        self.tries = 2  # with the database: a line that turns out to be dead may be dead since yesterday


class GroupCommit:
    def __init__(self, keeper: Keeper, spool: Spool) -> None:
        self._keeper = keeper
        self._spool = spool
        self._mutex = threading.Lock()  # of the next two
        self._gathering = Batch()
        self._busy = False  # somebody commits; whoever ends looks at what has gathered
        self._handed_over: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._reported_at = 0.0
        self._thread = threading.Thread(target=self._run, name="edge commits", daemon=True)
        self._thread.start()

    def keep(self, rows: Rows, urgent: bool = False, naming: Naming | None = None) -> bool:
        """True when these hits are safe, in the database or on disk; False when that did not succeed in time.

        `naming` is answered by the way: all that a batch asks costs one question.
        """
        begun = time.monotonic()
        bell = threading.Lock()
        bell.acquire()
        with self._mutex:
            batch = self._gathering
            if full := len(batch.bells) >= BACKLOG:
                alone = False
            else:
                batch.rows += rows
                batch.bells.append(bell)
                if naming:
                    batch.namings.append(naming)
                batch.urgent |= urgent
                if alone := not self._busy:
                    self._busy = True
                    self._gathering = Batch()
        if full:
            self._lost(len(rows), "too many requests wait")
            return False
        if alone and self._kept_at_once(batch):
            return True
        return bell.acquire(timeout=max(0.0, begun + PATIENCE - time.monotonic())) and batch.kept

    def end(self) -> None:
        self._handed_over.put(None)
        self._thread.join(2)

    def _kept_at_once(self, batch: Batch) -> bool:
        """On the thread of the request, as long as nothing goes wrong: what may take longer is for our own thread."""
        try:
            kept = self._stored(batch, orjson.dumps(batch.rows))
        except Exception:  # it is tried again, and told, there
            kept = False
        follows = self._gathered() if kept else batch
        if follows:
            self._handed_over.put(follows)
        if kept and batch.urgent:
            ring()
        return kept

    def _run(self) -> None:
        while (next_one := self._handed_over.get()) is not None:
            batch: Batch | None = next_one
            while batch is not None:
                self._commit(batch)
                batch = self._gathered()

    def _gathered(self) -> Batch | None:
        """What is to be committed next, if anything."""
        with self._mutex:
            batch = self._gathering
            if batch.bells:
                self._gathering = Batch()
                return batch
            self._busy = False
            return None

    def _commit(self, batch: Batch) -> None:
        try:
            batch.kept = self._keep(batch)
        except Exception:  # a bug of ours must not leave everybody waiting
            logger.exception("%d hits were lost", len(batch.rows))
            self._spool.lose(len(batch.rows))
        finally:
            for bell in batch.bells:
                bell.release()
        if batch.kept and batch.urgent:
            ring()

    def _keep(self, batch: Batch) -> bool:
        hits = orjson.dumps(batch.rows)
        while batch.tries:
            if self._stored(batch, hits):
                return True
        try:
            self._spool.append(hits, len(batch.rows))
        except OSError as error:
            self._lost(len(batch.rows), str(error))
            return False
        self._keeper.bring_in()
        return True

    def _stored(self, batch: Batch, hits: bytes) -> bool:
        """Did the database take them, in one try?"""
        if (line := self._keeper.line()) is None:
            batch.tries = 0
            return False
        begun = time.monotonic()
        batch.tries -= 1
        try:
            insert(line, hits, COMMIT_SECONDS, self._spool)
        except Away as error:
            self._keeper.lost(line, error)
            if time.monotonic() - begun > COMMIT_SECONDS / 2:
                batch.tries = 0  # it hangs: another would take as long
            return False
        if batch.namings:
            self._ask(batch.namings, line)
        return True

    def _ask(self, namings: Sequence[Naming], line: Line) -> None:
        said: dict[str | None, dict[str, bool]] = defaultdict(dict)
        try:
            ids = ",".join(str(naming.contact_id) for naming in namings)
            for contact_id, purpose, granted in line.run(ANSWERS, [f"{{{ids}}}"], ASKING):
                said[contact_id][str(purpose)] = granted == "1"
        except Unfit:  # a number that no contact can have: nobody is named
            return
        except Away as error:
            self._keeper.lost(line, error)
            return
        for naming in namings:
            naming.is_allowed = passes.may_be_issued(said[str(naming.contact_id)])

    def _lost(self, count: int, reason: str) -> None:
        self._spool.lose(count)
        if time.monotonic() - self._reported_at > REPORT:
            self._reported_at = time.monotonic()
            logger.error("hits are being lost: %s", reason)
