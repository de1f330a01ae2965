"""The servers of the demo and the tests: they start anywhere, are nobody else's, and leave nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded, unprivileged
from config.embedded import binaries, postgres

LAUNCHER = [sys.executable, "-m", "config.embedded", "--throwaway", "--"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def bare(monkeypatch):
    """An environment that names no servers."""
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "EMAIL_URL", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def only_postgres(bare, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://localhost")


def version(database_url):
    with psycopg.connect(database_url) as connection:
        return connection.execute("SHOW server_version").fetchone()[0]


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_command_finds_both_servers_and_its_exit_code_passes_through(bare):
    script = (
        "import os, sys, psycopg, redis\n"
        "psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 1')\n"
        "redis.from_url(os.environ['REDIS_URL']).ping()\n"
        "print(os.environ['DATABASE_URL'].split('host=')[1])\n"
        "sys.exit(7)"
    )

    done = subprocess.run([*LAUNCHER, sys.executable, "-c", script], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (7, "")
    assert not Path(done.stdout.strip()).parent.exists()


def test_what_the_environment_names_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/else")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere")

    with embedded.servers(tmp_path, durable=False) as urls:
        assert urls == {}

    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_data_stay(bare, tmp_path):
    with embedded.start(tmp_path, {}) as first, psycopg.connect(first["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept ()")
        redis.from_url(first["REDIS_URL"]).set("kept", "yes")

    with embedded.start(tmp_path, {}) as second, psycopg.connect(second["DATABASE_URL"]) as connection:
        connection.execute("TABLE kept")
        assert redis.from_url(second["REDIS_URL"]).get("kept") == b"yes"
        assert second["SECRET_KEY"] == first["SECRET_KEY"]


@pytest.mark.parametrize("server", ["postgres", "valkey-server"])
def test_a_server_that_was_killed_is_started_again_with_its_data(bare, tmp_path, server):
    said = []
    with embedded.start(tmp_path, {}, tell=said.append) as extra:
        with psycopg.connect(extra["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        redis.from_url(extra["REDIS_URL"]).set("kept", "yes")
        for pid in heads(server, tmp_path):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(said) > 1 and "again" in said[-1], 60)

        with psycopg.connect(extra["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        assert redis.from_url(extra["REDIS_URL"]).get("kept") == b"yes"

    name = {"postgres": "PostgreSQL", "valkey-server": "Valkey"}[server]
    assert (said[0], said[-1]) == (f"{name} ended by itself: starting it again", f"{name} runs again")
    assert heads(server, tmp_path) == []


def heads(server, root):
    """The server of a world: of its processes, the one that names its folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            command = path.read_bytes().decode(errors="replace").replace("\0", " ")
            if str(root) in command and Path(command.split()[0]).name == server:
                found.append(int(path.parent.name))
    return found


def test_a_second_start_is_refused_and_a_command_joins(only_postgres, tmp_path):
    with embedded.start(tmp_path, {"PUBLIC_URL": "http://localhost:1"}) as first:
        with pytest.raises(SystemExit, match="already running"), embedded.start(tmp_path, {}):
            pass
        with embedded.join_or_start(tmp_path) as joined:
            assert joined == first
            assert version(joined["DATABASE_URL"])
        assert version(first["DATABASE_URL"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_launcher(bare, number):
    script = "import os, time; print(os.getpid(), os.environ['DATABASE_URL'], flush=True); time.sleep(60)"
    launcher = subprocess.Popen([*LAUNCHER, sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    child, url = launcher.stdout.readline().split()
    folder = Path(url.split("host=")[1]).parent
    postmaster = (folder / "postgres" / "postmaster.pid").read_text().split()[0]

    launcher.send_signal(number)

    assert launcher.wait(10) != 0
    assert wait_until(lambda: not is_alive(child) and not is_alive(postmaster))
    shutil.rmtree(folder, ignore_errors=True)  # the one thing that a killed launcher cannot do


def is_alive(pid):
    status = Path("/proc", pid, "status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_an_interrupted_initdb_is_done_again(only_postgres, tmp_path):
    draft = tmp_path / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18")

    with embedded.servers(tmp_path, durable=False) as urls:
        assert version(urls["DATABASE_URL"])

    assert not draft.exists()


@pytest.mark.parametrize(("made_by", "sentence"), [(None, "no PostgreSQL data folder"), ("9", "made by PostgreSQL 9")])
def test_a_data_folder_that_cannot_be_used_is_explained(only_postgres, tmp_path, made_by, sentence):
    data = tmp_path / "postgres"
    data.mkdir()
    if made_by:
        (data / "PG_VERSION").write_text(made_by)

    with pytest.raises(SystemExit, match=sentence), embedded.servers(tmp_path, durable=False):
        pass


def test_a_full_disk_is_explained(only_postgres, tmp_path, monkeypatch):
    Usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(postgres.shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 0))

    with pytest.raises(OSError, match="No space left") as caught, embedded.servers(tmp_path, durable=False):
        pass

    assert "disk is full" in embedded.explain(caught.value)


def test_a_machine_without_binaries_is_told_what_to_do(bare, tmp_path, monkeypatch):
    monkeypatch.setattr(binaries, "wheel_files", lambda module, pattern: [])
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match=r"No PostgreSQL for this machine: .* or set DATABASE_URL"):
        binaries.postgres_binaries()
    with pytest.raises(SystemExit, match=r"No Valkey or Redis for this machine: .* or set REDIS_URL"):
        binaries.valkey_binary()


def test_a_deep_checkout_keeps_its_sockets_elsewhere(only_postgres, tmp_path):
    root = tmp_path / ("deep" * 20) / "and wide"
    root.mkdir(parents=True)

    with embedded.servers(root, durable=False) as urls:
        assert "host=/tmp/bareme-" in urls["DATABASE_URL"]
        assert version(urls["DATABASE_URL"])

    assert not Path(urls["DATABASE_URL"].split("host=")[1]).exists()


@as_root
def test_root_without_user_namespaces_runs_postgres_as_nobody(only_postgres, tmp_path, monkeypatch):
    """Also below folders that are closed to others, as pytest's are, and /root."""

    def forbidden():
        raise PermissionError

    monkeypatch.setattr(unprivileged, "in_user_namespace", forbidden)
    with embedded.servers(tmp_path, durable=False) as urls:
        assert version(urls["DATABASE_URL"])
        assert (tmp_path / "postgres").owner() == "nobody"
    monkeypatch.undo()

    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with embedded.servers(tmp_path, durable=False) as urls:  # namespaces are back, the data stay nobody's
        assert version(urls["DATABASE_URL"])
