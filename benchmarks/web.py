"""The web server, and where wanted the workers, on the database that is measured: the real ones, as in production."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from config.unprivileged import die_with_parent

BASE = Path(__file__).resolve().parent.parent
GRANIAN = "granian --interface wsgi --host 127.0.0.1 --workers 2 --blocking-threads 32 --backpressure 64 --no-ws"
CELERY = "celery -q -A config worker --beat --concurrency 2 --without-gossip --without-mingle --loglevel error"
START_SECONDS = 60


class Web:
    def __init__(self, *, workers: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bareme-bench-")
        self.port = free_port()
        database = (
            urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{settings.DATABASES['default']['NAME']}").geturl()
        )
        self._environment = {
            **os.environ,
            "DATABASE_URL": database,
            "SPOOL_ROOT": f"{self._folder.name}/spool",
            "PUBLIC_URL": "http://localhost",
            "ALLOWED_HOSTS": "*",
            "TRUSTED_PROXY_COUNT": "1",  # visitors come from many networks, as their headers say
            "FORM_POSTS_PER_NETWORK": "0",
            "EMAIL_URL": "dummymail://",
            "LOG_LEVEL": "ERROR",
            "PYTHONWARNINGS": "ignore",
        }
        self._processes = [self._start(f"{GRANIAN} --port {self.port} --log-level error config.wsgi:application")]
        if workers:
            self._processes.append(self._start(f"{CELERY} --schedule {self._folder.name}/beat"))
        self._wait()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(30)
        self._folder.cleanup()

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *command.split()],
            env=self._environment,
            cwd=BASE,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    probe.sendall(b"GET /healthz/live HTTP/1.0\r\nHost: localhost\r\n\r\n")
                    if b" 200 " in probe.recv(100):
                        return
            except OSError:
                pass
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("the web server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
