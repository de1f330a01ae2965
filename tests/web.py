"""The real web server, granian with the hot path, on a PostgreSQL of its own: both may be killed, stopped and started again."""

import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg

from config.embedded.folders import socket_folder
from config.embedded.postgres import start_postgres
from tests.live import until


class World:
    """A database server, web processes and a spool in one folder."""

    def __init__(self, folder, **settings):
        self.folder = Path(folder)
        self.spool = self.folder / "spool"
        self.port = free_port()
        self.sockets = socket_folder(self.folder)
        self.postgres = None
        self.web = None
        self.start_postgres()
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "SPOOL_ROOT": str(self.spool),
            "SECRET_KEY": "of-this-test-only",
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "ALLOWED_HOSTS": "*",
            "DEBUG": "1",
            "EMAIL_URL": "dummymail://",
            "CONSENT_REQUIRED": "",
            "LOG_LEVEL": "WARNING",
            **settings,
        }

    def manage(self, *arguments):
        """What the command says."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    # PostgreSQL

    def start_postgres(self):
        self.postgres = start_postgres(self.folder, self.sockets, durable=True)

    def kill_postgres(self):
        """kill -9 of every process of it, as when the machine's memory ran out."""
        for pid in [self.postgres.process.pid, *self._backends()]:
            os.kill(pid, signal.SIGKILL)
        self.postgres.process.wait()

    def hang_postgres(self):
        for pid in [self.postgres.process.pid, *self._backends()]:
            os.kill(pid, signal.SIGSTOP)

    def wake_postgres(self):
        for pid in [self.postgres.process.pid, *self._backends()]:
            os.kill(pid, signal.SIGCONT)

    def _backends(self):
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[1] == str(self.postgres.process.pid):
                found.append(int(stat.parent.name))
        return found

    def rows(self, statement, *values):
        with psycopg.connect(
            self.postgres.url.replace("postgres://postgres@/", "postgresql://postgres@/")
        ) as connection:
            return connection.execute(statement, values).fetchall()

    def execute(self, statement, *values):
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute(statement, values)

    # the web server

    def start_web(self, workers=2, threads=32, application="config.wsgi:application", **settings):
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        command += ["--workers", str(workers), "--blocking-threads", str(threads), "--backpressure", "64", "--no-ws"]
        command += ["--workers-kill-timeout", "3", "--log-level", "error", application]
        environment = {**self.environment, **settings}
        with (self.folder / "web.log").open("ab") as log:
            self.web = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        until(lambda: self.answers("/healthz/live"), 30)

    def answers(self, path):
        try:
            return self.get(path).status == 200
        except OSError:
            return False

    def kill_web(self):
        os.killpg(self.web.pid, signal.SIGKILL)
        self.web.wait()
        self.web = None

    def stop_web(self):
        if self.web:
            self.web.terminate()
            try:
                self.web.wait(15)
            except subprocess.TimeoutExpired:
                self.kill_web()
        self.web = None

    def log(self):
        return (self.folder / "web.log").read_text()

    # a visitor

    def get(self, path, method="GET", body=None, headers=None, timeout=10):
        """The answer, with `seconds` it took and its `body`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        begun = time.monotonic()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            response.body = response.read()
        finally:
            connection.close()
        response.seconds = time.monotonic() - begun
        return response

    def end(self):
        self.stop_web()
        if self.postgres.process.poll() is None:
            self.wake_postgres()
            self.postgres.stop()
        if self.sockets.parent != self.folder:
            shutil.rmtree(self.sockets, ignore_errors=True)


@contextmanager
def world(**settings):
    with tempfile.TemporaryDirectory(
        prefix=f"bareme-web-{secrets.token_hex(2)}-", ignore_cleanup_errors=True
    ) as folder:
        made = World(folder, **settings)
        try:
            made.manage("migrate")
            yield made
        finally:
            made.end()


class Load:
    """Visitors who send one hit after the other, each with a number of its own, until told to stop."""

    def __init__(self, world, path, visitors=8):
        self.world = world
        self.path = path
        self.acknowledged = []
        self.sent = 0
        self.slowest = 0.0
        self.statuses = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(visitors)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _visit(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=10)
        while not self._stop.is_set():
            with self._lock:
                self.sent += 1
                number = self.sent
            begun = time.monotonic()
            try:
                connection.request("GET", self.path(number))
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):  # the web server was killed
                connection.close()
                time.sleep(0.05)
                continue
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - begun)
                self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
                if response.status < 400:
                    self.acknowledged.append(number)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
