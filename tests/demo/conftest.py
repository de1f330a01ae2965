"""A small demo world, loaded once for all tests that only look at it, and the processes a simulation needs."""

import os
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction
from django.test import override_settings

from config.demo_world import load

CONTACTS = 60


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, tmp_path_factory):
    """The sentences of the load. Everything is rolled back when the module's tests are done."""
    said = []
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
        transaction.atomic(),
    ):
        load.load("fr", CONTACTS, said.append)
        yield said
        transaction.set_rollback(True)


@pytest.fixture
def look(loaded, db):
    """The loaded world; what a test changes is undone after it."""
    return loaded


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def mail_folder(tmp_path, settings, unused_port):
    """A real mail catcher."""
    port, folder = unused_port, tmp_path / "mail"
    process = subprocess.Popen(
        [sys.executable, "-m", "config.mailcatcher", "--port", str(port), "--folder", str(folder)]
    )
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    _until(lambda: _listens(port))
    yield folder
    process.terminate()
    process.wait(20)


@pytest.fixture
def server(transactional_db, live_server, mail_folder, settings, tmp_path):
    """The product as it runs: a web server, and a worker with its clock. Yields its address."""
    settings.PUBLIC_URL = live_server.url
    settings.MEDIA_ROOT = tmp_path / "media"
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    command = f"celery -q -A config worker --beat --schedule {tmp_path}/beat --concurrency 1 --loglevel error"
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split()],
        env={
            **os.environ,
            "DATABASE_URL": database.geturl(),
            "PUBLIC_URL": live_server.url,
            "EMAIL_URL": f"smtp://{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
            "ALLOW_PRIVATE_WEBHOOKS": "1",
            "DEBUG": "1",
        },
    )
    yield live_server.url
    process.terminate()
    process.wait(20)


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
