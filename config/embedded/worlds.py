"""Worlds: the environment in which a command finds its servers, whether started for it or running already."""

import contextlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import environ

from config.embedded.folders import VAR, AlreadyRunning, hold, socket_folder
from config.embedded.postgres import start_postgres
from config.embedded.processes import START_SECONDS, Environment, Server, without_interruption
from config.embedded.valkey import start_valkey


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
