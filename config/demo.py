"""`make demo`: the whole product with a demo world on this machine, until Ctrl-C; the data stay in `var/`.

python -m config.demo [--host 127.0.0.1] [--port 8010] [--reset]
"""

import argparse
import multiprocessing
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import c_bool
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from honcho.manager import Manager
from honcho.process import Popen, Process

from config import embedded
from config.embedded import VAR, Environment
from config.unprivileged import Preparation, die_with_parent

BASE = VAR.parent
BIN = Path(sys.executable).parent
LOADING = VAR / "demo-loading"  # exists while the demo world is half loaded
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MAIL_PORT = 1025
KILLING = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)  # by another, by the system or by a fault
PAUSE = 1.0  # seconds before what was killed is started again


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    embedded.leave_on_signals()
    try:
        if options.reset:
            return reset()
        return demo(options.host, options.port)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:
        raise SystemExit(embedded.explain(error)) from None


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 for all")
    parser.add_argument("--port", type=port_number, default=8010)
    parser.add_argument("--reset", action="store_true", help="remove the data of the demo and end")
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port: choose a number from 1 to 65535")
    return int(text)


def demo(host: str, port: int) -> int:
    if not is_free(host, port):
        raise SystemExit(f"Port {port} is in use: choose another one, for example make demo PORT={port + 1}.")
    embedded.read_env_file()
    # Who names no language, workers among them, speaks that of the demo world.
    language = os.environ.get("LANGUAGE_CODE") or os.environ.get("DEMO_LANGUAGE", "fr")
    settings = {"PUBLIC_URL": f"http://localhost:{port}", "LANGUAGE_CODE": language}
    if host not in LOOPBACK:
        settings["ALLOWED_HOSTS"] = "*"  # whoever opens it to a network knows its names better; links name PUBLIC_URL
    if has_demo_world():  # whose mails and letters it sends
        sender = {"ORGANISATION_NAME": "Cuvelog", "DEFAULT_FROM_EMAIL": "Cuvelog <bonjour@cuvelog.example>"}
        settings |= {name: value for name, value in sender.items() if name not in os.environ}
    if LOADING.exists():
        forget_half_a_world()
    say("starting PostgreSQL and Valkey")
    with embedded.start(VAR, settings, tell=say) as extra:
        prepare({**os.environ, **extra})
        if not is_free(host, port):
            raise SystemExit(f"Port {port} was taken by another program meanwhile: please start again.")
        mail_port = None if "EMAIL_URL" in os.environ else choose_mail_port()
        if mail_port:
            extra["EMAIL_URL"] = f"smtp://127.0.0.1:{mail_port}"
            embedded.publish(VAR, extra)
        return run_together(parts(host, port, mail_port), {**os.environ, **extra}, port)


def prepare(environment: Environment) -> None:
    say("preparing the database")
    step([sys.executable, "-m", "config.prepare"], environment)
    if has_demo_world() and not has_contacts(environment["DATABASE_URL"]):
        say("loading the demo world (once: two to five minutes)")
        LOADING.touch()
        step([sys.executable, "manage.py", "load_demo"], environment)
        LOADING.unlink()


def parts(host: str, port: int, mail_port: int | None) -> dict[str, list[str]]:
    """The processes of the product, as in production, and a mail catcher."""
    celery = [str(BIN / "celery"), "-q", "-A", "config"]
    commands = {
        "web": [str(BIN / "granian"), "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", "2"],
        "worker": [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "--schedule", str(VAR / "beat-schedule")],
    }
    commands["web"] += ["--blocking-threads", "32", "--backpressure", "64", "--no-ws", "--log-level", "error"]
    commands["web"] += ["--workers-kill-timeout", "3", "--respawn-failed-workers", "config.wsgi:application"]
    if mail_port:
        commands["mail"] = [sys.executable, "-m", "config.mailcatcher", "--port", str(mail_port)]
    return commands


def run_together(commands: dict[str, list[str]], environment: Environment, port: int) -> int:
    """Run them with prefixed logs until one ends by itself or we are told to stop; then none is left."""
    extra = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
    manager = Gentle()
    for name, command in commands.items():
        limit = {"DATABASE_STATEMENT_TIMEOUT": "30"} if name == "web" else {}
        manager.add_process(name, "exec " + shlex.join(command), env={**limit, **environment, **extra}, cwd=str(BASE))
    with greeting(port, environment):
        manager.loop()
    if manager.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM):
        say("stopped; the data stay in var/")
        return 0
    say("one of the processes ended by itself, so all were stopped: its last lines are above")
    return 1


@contextmanager
def greeting(port: int, environment: Environment) -> Iterator[None]:
    """Tell where to go as soon as the web server is ready, from a process of its own beside the others."""
    logins = ["--logins"] if has_demo_world() else []
    command = [sys.executable, "-m", "config.greeting", environment["PUBLIC_URL"], str(port), *logins]
    process = subprocess.Popen(
        command, start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM), env=environment
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


class Gentle(Manager):  # type: ignore[misc]
    """Honcho asks a whole process group to stop; we ask only its head, which knows how to end its children."""

    def __init__(self) -> None:
        super().__init__()
        self._stopping = multiprocessing.RawValue(c_bool, False)  # no Event: setting one waits for those who are gone
        self._process_ctor = partial(Part, self._stopping)
        self._procmgr.terminate = lambda pid: None  # each part asks its own, which may be another by now

    def terminate(self) -> None:
        self._stopping.value = True
        super().terminate()


class Part(Process):  # type: ignore[misc]
    """A process that is started again when it is killed, and otherwise ends the demo when it ends.

    It goes when the demo goes, even when that is killed, and takes its own children with it.
    """

    def __init__(self, stopping: c_bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._die = die_with_parent(signal.SIGKILL)
        self._stopping = stopping
        self._is_to_be_started_again = False

    def run(self, *args: Any, **kwargs: Any) -> None:
        self._die()
        self._child_ctor = self._start
        super().run(*args, **kwargs)
        while self._is_to_be_started_again:
            self._send_message(f"was killed ({signal.Signals(-self._child.returncode).name}): starting it again\n")
            time.sleep(PAUSE)
            if self._stopping.value:
                super()._send_message({"returncode": self._child.returncode}, type="stop")
                return
            super().run(*args, **kwargs)

    def _send_message(self, data: Any, type: str = "line") -> None:
        if type == "stop":
            self._is_to_be_started_again = -data["returncode"] in KILLING and not self._stopping.value
            if self._is_to_be_started_again:
                return  # nobody else need stop
        super()._send_message(data, type)

    def _start(self, *args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        child: subprocess.Popen[bytes] = Popen(*args, **kwargs, preexec_fn=_as_a_part())
        threading.Thread(target=self._end_group_of, args=[child], daemon=True).start()
        threading.Thread(target=self._stop_in_time, args=[child], daemon=True).start()
        return child

    def _end_group_of(self, child: subprocess.Popen[bytes]) -> None:
        """A server that was killed leaves workers that would hold its port, and its log, for ever."""
        child.wait()
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    def _stop_in_time(self, child: subprocess.Popen[bytes]) -> None:
        while child.poll() is None:
            if self._stopping.value:
                child.terminate()
                return
            time.sleep(0.1)


def _as_a_part() -> Preparation:
    """Honcho ignores signals once its first child runs, and a child begins as its parent is."""
    die = die_with_parent(signal.SIGTERM)

    def prepare() -> None:
        die()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    return prepare


# Small steps


def say(text: str) -> None:
    print(f"bareme: {text}", flush=True)


def step(command: list[str], environment: Environment) -> None:
    """Run to the end, in a session of its own so that Ctrl-C comes to us; we then end it, without a traceback."""
    process = subprocess.Popen(
        command, env=environment, cwd=BASE, start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM)
    )
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise SystemExit(f"bareme: {shlex.join(command[1:])} failed, so the demo stops here; its reason is above.")


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose_mail_port() -> int:
    """The first free port for the mail catcher; chosen at the last moment, since preparing takes minutes."""
    for port in range(MAIL_PORT, MAIL_PORT + 100):
        if is_free("127.0.0.1", port):
            if port != MAIL_PORT:
                say(f"port {MAIL_PORT} is in use, so mails are caught on port {port}")
            return port
    raise SystemExit(f"No port from {MAIL_PORT} on is free for the mail catcher: set EMAIL_URL to a mail server.")


def has_demo_world() -> bool:
    return any(BASE.glob("*/management/commands/load_demo.py"))


def has_contacts(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM contacts_contact)").fetchone()
    return bool(row and row[0])


def forget_half_a_world() -> None:
    say("the demo world was loaded only in part the last time: starting over")
    reset()


def reset() -> int:
    """Remove everything under `var/`, unless the demo runs."""
    with embedded.hold(VAR) as lock:
        for path in VAR.iterdir():
            if path != lock:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    if "DATABASE_URL" in os.environ:
        say("the database of DATABASE_URL is not ours to remove: it stays as it is")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
