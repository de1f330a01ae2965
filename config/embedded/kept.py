"""A server that is started again when it ends by itself: killed, say, because the machine was out of memory."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg

from config.embedded.processes import Server

PAUSE = 1.0  # seconds before the next try: what is left of the old server may have to end first


class Kept:
    """Starts a server and keeps it running until `stop`; whatever happens on the way is told in a sentence."""

    def __init__(self, name: str, start: Callable[[], Server], tell: Callable[[str], None]) -> None:
        self._name, self._start, self._tell = name, start, tell
        self._server = start()
        self._turn = threading.Lock()  # a server is started, or stopped
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"keep {name}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return self._server.url

    def stop(self) -> None:
        self._stopping.set()
        with self._turn:
            self._server.stop()
        self._thread.join()

    def _watch(self) -> None:
        """Lives as long as the server: the system ends what a thread has started when the thread ends."""
        self._server.process.wait()
        while not self._stopping.is_set():
            self._tell(f"{self._name} ended by itself: starting it again")
            while not self._started_again():
                if self._stopping.wait(PAUSE):
                    return
            self._server.process.wait()

    def _started_again(self) -> bool:
        with self._turn:
            if self._stopping.is_set():
                return False
            try:
                self._server = self._start()
            except (SystemExit, OSError, psycopg.Error) as error:
                self._tell(f"{self._name} did not start, the next try follows: {error}")
                return False
        self._tell(f"{self._name} runs again")
        return True
