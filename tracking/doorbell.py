"""The doorbell: tells a worker that rows wait. The beat clock rings too, so a lost ring costs a second, never data."""

from __future__ import annotations

import logging
import os
import threading
import time

from celery import current_app

logger = logging.getLogger(__name__)

TASK = "pipeline.tick"
PAUSE = 0.2  # seconds between two rings of one process

_wanted = threading.Event()
_starting = threading.Lock()
_ringer: tuple[int, threading.Thread] | None = None


def ring() -> None:
    """Ask for a tick of the pipeline soon. Returns at once and never raises, whatever the broker does.

    Many calls within PAUSE make one message; the last call is always followed by one. Call it after the commit.
    """
    _wanted.set()
    if _ringer is None or _ringer[0] != os.getpid() or not _ringer[1].is_alive():
        _start()


def _start() -> None:
    """One thread for each process, made by its first ring: a forked worker does not inherit its parent's."""
    global _ringer
    with _starting:
        if _ringer is None or _ringer[0] != os.getpid() or not _ringer[1].is_alive():
            thread = threading.Thread(target=_ring_when_wanted, name="doorbell", daemon=True)
            _ringer = (os.getpid(), thread)
            thread.start()


def _ring_when_wanted() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        try:
            current_app.send_task(TASK, expires=5, ignore_result=True, retry=False)
        except Exception:
            logger.warning(
                "The doorbell could not reach the broker; the next tick of the clock does the work.", exc_info=True
            )
        time.sleep(PAUSE)
