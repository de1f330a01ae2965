"""Backups are taken while visitors come, and brought back on a fresh server, as docs/operations.md says."""

import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.test import override_settings

from campaigns.mail.links import UNSUBSCRIBE
from config.embedded.binaries import postgres_binaries
from tests.live import until
from tests.web import Load, World, world
from tracking import addresses, tokens
from tracking.tokens import Ref

pytestmark = pytest.mark.slow

CONTACTS = 300
FIRST = 1_000_000_000  # numbers of messages that nothing generated has
AGREES = f"{CONTACTS} contacts: ledger, scores and replay agree.\n"
DRAIN = """
from django.core.management import call_command
from config import pipeline
call_command("reconcile")
pipeline.drain()
call_command("reconcile")
"""
WORK = """
import time
from config import pipeline
while True:
    pipeline.advance() or time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def live():
    """An instance with a history, which visitors use."""
    with override_settings(SECRET_KEY="of-this-test-only"), world(LC_ALL="C.UTF-8") as made:
        size = f"--contacts {CONTACTS} --events 1000 --actions 10 --workers 1"
        made.manage("generate_load", *size.split())
        made.start_web()
        yield made


@pytest.fixture
def pixel(live):
    """The address of the pixel in message `number`."""
    ((email,),) = live.rows("SELECT min(id) FROM tracking_subject WHERE type = 'email'")

    def address(number):
        ref = Ref(1 + number % CONTACTS, email, FIRST + number)
        return f"/t/o/{tokens.sign_ref(addresses.OPEN, ref)}.gif"

    return address


@contextmanager
def visitors(live, pixel):
    """They come, and a worker does its work; yields how to learn what was acknowledged so far."""
    command = [sys.executable, "manage.py", "shell", "-c", WORK]
    worker = subprocess.Popen(command, env=live.environment, stdout=subprocess.DEVNULL)
    try:
        with Load(live, pixel, visitors=3) as load:
            yield lambda: set(load.acknowledged)
    finally:
        worker.terminate()
        worker.wait(20)


def run(program, *arguments):
    done = subprocess.run([postgres_binaries() / program, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def known(instance):
    """The numbers of the messages whose opening has arrived, as events or in the inbox."""
    found = instance.rows(
        "SELECT message_id - %s FROM (SELECT message_id FROM tracking_event UNION SELECT message_id FROM tracking_hit) known"
        " WHERE message_id >= %s",
        *(FIRST, FIRST),
    )
    return {number for (number,) in found}


def has_scored_some(live):
    return live.rows("SELECT count(*) > 30 FROM tracking_event WHERE message_id > %s", FIRST) == [(True,)]


@contextmanager
def restored(folder):
    fresh = World(folder, SECRET_KEY="of-this-test-only", LC_ALL="C.UTF-8")
    try:
        yield fresh
    finally:
        fresh.end()


def assert_it_is_whole(fresh, before):
    assert before - known(fresh) == set()
    assert fresh.manage("shell", "--no-imports", "-c", DRAIN) == 2 * AGREES


def test_a_dump_that_is_brought_back_is_whole_and_everything_sent_before_works(live, pixel, tmp_path):
    with visitors(live, pixel) as acknowledged:
        until(lambda: has_scored_some(live))
        before = acknowledged()
        run("pg_dump", "--format", "custom", "--file", tmp_path / "dump", live.postgres.url)
        meanwhile = acknowledged()
    assert before < meanwhile

    with restored(tmp_path / "fresh") as fresh:
        run("pg_restore", "--no-owner", "--jobs", "2", "--dbname", fresh.postgres.url, tmp_path / "dump")
        assert_it_is_whole(fresh, before)
        assert_links_work_and_hits_flow(fresh, pixel)


def assert_links_work_and_hits_flow(fresh, pixel):
    ((link, target),) = fresh.rows("SELECT subject_id, url FROM tracking_link ORDER BY id LIMIT 1")
    of_ada = Ref(1, link, FIRST)
    leave = f"/u/{tokens.sign_ref(UNSUBSCRIBE, of_ada)}"
    fresh.start_web()

    looked_up = fresh.get(f"/t/c/{tokens.sign_ref(addresses.CLICK, of_ada)}")
    signed = fresh.get(f"/t/c/{tokens.sign_target(addresses.CLICK_TO, of_ada, 'https://a.example/')}")
    assert (looked_up.headers["Location"].partition("?")[0], looked_up.status) == (target, 302)
    assert (signed.headers["Location"].partition("?")[0], signed.status) == ("https://a.example/", 302)
    assert (fresh.get(leave).status, fresh.get(leave, "POST").status) == (200, 200)
    assert fresh.rows("SELECT channel, reason FROM contacts_donotcontact WHERE contact_id = 1") == [
        ("email", "unsubscribed")
    ]

    number = max(known(fresh)) + CONTACTS
    assert fresh.get(pixel(number)).status == 200
    assert fresh.manage("shell", "--no-imports", "-c", DRAIN) == 2 * AGREES
    assert fresh.rows("SELECT count(*) FROM tracking_event WHERE message_id = %s", FIRST + number) == [(1,)]


def test_a_copy_of_the_running_server_is_whole(live, pixel, tmp_path):
    with visitors(live, pixel) as acknowledged:
        until(lambda: has_scored_some(live))
        before = acknowledged()
        copy = ["--pgdata", tmp_path / "fresh" / "postgres", "--checkpoint", "fast", "--wal-method", "stream"]
        run("pg_basebackup", *copy, "--dbname", live.postgres.url)

    with restored(tmp_path / "fresh") as fresh:
        assert_it_is_whole(fresh, before)
