"""PostgreSQL on a folder: find its binaries, make the data folder, start it."""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from config.embedded.binaries import major, postgres_binaries
from config.embedded.processes import Command, Log, Server, spawn, wait_for
from config.unprivileged import Preparation, acceptable_to

ENOUGH_BYTES = 150_000_000


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


def hand_over(sockets: Path, data: Path) -> None:
    """PostgreSQL makes its socket as the owner of its data."""
    if os.geteuid() == 0:
        os.chown(sockets, data.stat().st_uid, data.stat().st_gid)
