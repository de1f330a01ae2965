"""Two workers beside each other, which a small installation has too: they have been there for long when work comes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from config.load import sql
from contacts.sql import tuples

WORKERS = 2


class Crew:
    """Threads, each with a connection of its own: nearly all of the work is the database's."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS)
        self._together = Barrier(WORKERS)
        self.all(_connect)

    def all(self, job: Callable[[], None]) -> None:
        """Let every worker do this job, all at once; back when the last is done."""

        def begin() -> None:
            self._together.wait()
            job()

        for done in [self._threads.submit(begin) for _worker in range(WORKERS)]:
            done.result()

    def dismiss(self) -> None:
        self.all(sql.close)
        self._threads.shutdown()


def _connect() -> None:
    tuples("SELECT", [])
