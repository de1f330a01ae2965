"""Background processes that never outlive us, and what they wrote when they did not start."""

import contextlib
import errno
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.embedded.folders import explain
from config.unprivileged import Preparation, die_with_parent

START_SECONDS = 60
STOP_SECONDS = 60
Environment = dict[str, str]
Command = list[str | Path]


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    url: str
    stop_signal: signal.Signals

    def stop(self) -> None:
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()


class Log:
    """A server's log file, and what this start has written to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = path.stat().st_size if path.exists() else 0

    def failure(self, sentence: str) -> str:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            text = file.read().decode(errors="replace").strip()
        if "No space left on device" in text:
            return explain(OSError(errno.ENOSPC, "", str(self.path.parent)))
        return f"{sentence}, see {self.path}:\n{text[-800:]}"


def spawn(
    command: Command, log: Log, on_death: signal.Signals, prepare: Preparation = lambda: None
) -> subprocess.Popen[bytes]:
    """A background process of its own session: Ctrl-C does not reach it, its parent's end does."""
    die = die_with_parent(on_death)  # after prepare(): a change of user forgets it
    with log.path.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: (prepare(), die()),
        )


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, log: Log) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(log.failure(f"{name} did not start"))
        time.sleep(0.02)


def leave_on_signals() -> None:
    """SIGTERM and SIGHUP unwind the stack, as Ctrl-C does, so that whatever runs is stopped on the way."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, frame: sys.exit(128 + received))


@contextlib.contextmanager
def without_interruption() -> Iterator[None]:
    """An impatient second Ctrl-C must not leave a server behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    yield
