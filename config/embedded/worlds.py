"""Worlds: the environment in which a command finds its servers, whether started for it or running already."""

import contextlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import environ

from config.embedded.folders import VAR, AlreadyRunning, hold, socket_folder
from config.embedded.kept import Kept
from config.embedded.postgres import start_postgres
from config.embedded.processes import START_SECONDS, Environment, Server, without_interruption
from config.embedded.valkey import start_valkey

Tell = Callable[[str], None]


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
def start(
    root: Path, settings: Environment, postgres: Sequence[str] = (), tell: Tell | None = None
) -> Iterator[Environment]:
    """The servers on `root`, started for this block together with `settings`; refused when they run already.

    `postgres` has further options of PostgreSQL, such as "shared_buffers=1GB". With `tell`, a server that ends by itself is
    started again, and `tell` is told so in a sentence.
    """
    with hold(root), started(root, settings, postgres, tell) as extra:
        yield extra


@contextlib.contextmanager
def started(
    root: Path, settings: Environment, postgres: Sequence[str] = (), tell: Tell | None = None
) -> Iterator[Environment]:
    with servers(root, durable=True, postgres=postgres, tell=tell) as urls:
        extra = {**missing({**local_settings(root), **settings}), **urls}
        publish(root, extra)
        try:
            yield extra
        finally:
            (root / "running.json").unlink(missing_ok=True)


@contextlib.contextmanager
def servers(root: Path, durable: bool, postgres: Sequence[str] = (), tell: Tell | None = None) -> Iterator[Environment]:
    """Start each server that the environment does not name; yield their addresses; stop them."""
    running: dict[str, Server | Kept] = {}
    sockets = socket_folder(root)

    def run(name: str, start: Callable[[], Server]) -> Server | Kept:
        return Kept(name, start, tell) if tell else start()

    try:
        if "DATABASE_URL" not in os.environ:
            running["DATABASE_URL"] = run("PostgreSQL", lambda: start_postgres(root, sockets, durable, postgres))
        if "REDIS_URL" not in os.environ:
            running["REDIS_URL"] = run("Valkey", lambda: start_valkey(root, sockets, durable))
        yield {name: server.url for name, server in running.items()}
    finally:
        with without_interruption():
            for server in running.values():
                server.stop()
            if sockets.parent != root:
                shutil.rmtree(sockets, ignore_errors=True)


def read_env_file() -> None:
    """What `.env` names is respected like the environment: a real server there is used."""
    if file := os.environ.get("ENV_FILE", str(VAR.parent / ".env")):
        environ.Env.read_env(file)


def local_settings(root: Path) -> Environment:
    """What a world on one machine needs besides servers; its secret is kept, so sessions and links stay valid."""
    secret = root / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(50))
    return {
        "SECRET_KEY": secret.read_text(),
        "ALLOWED_HOSTS": "localhost,.localhost,127.0.0.1,[::1]",  # a site that points its own name here gets nothing
        "PUBLIC_URL": "http://localhost:8010",
        "EMAIL_URL": "smtp://127.0.0.1:1025",
        "ALLOW_PRIVATE_WEBHOOKS": "1",
    }


def missing(settings: Mapping[str, str]) -> Environment:
    """Those of `settings` that the environment does not have yet."""
    return {name: value for name, value in settings.items() if name not in os.environ}


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
