"""The real server under load while processes are killed, hang, and come back: what was acknowledged is there, once."""

import json
import socket
import threading
import time
import uuid
from contextlib import suppress

import pytest
from django.test import override_settings

from tests.live import until
from tests.web import Load, world
from tracking import addresses, tokens
from tracking.tokens import Ref

pytestmark = pytest.mark.slow

LINKS = """
WITH subjects AS (
  INSERT INTO tracking_subject (id, type, key, name, host, path, created_at)
  VALUES (901, 'email', '9', '', '', '', now()), (902, 'link', 'a', '', '', '', now()), (903, 'link', 'b', '', '', '', now())
)
INSERT INTO tracking_link (source_id, url, subject_id, created_at)
VALUES (901, 'https://a.example/', 902, now()), (901, 'https://b.example/', 903, now())
"""
SHOP = "https://shop.example/pricing?utm_source=mail"
BOUND = 1.0  # seconds a visitor may wait for us …
CROWDED = 1.0  # … and what a busy test machine may add


@pytest.fixture(scope="module")
def live():
    with override_settings(SECRET_KEY="of-this-test-only"), world() as made:
        yield made


@pytest.fixture
def web(live):
    """A web server with an empty inbox."""
    live.execute("TRUNCATE tracking_hit, tracking_receipt, tracking_outage")
    live.start_web()
    yield live
    live.stop_web()
    if live.postgres.process.poll() is not None:
        live.start_postgres()
    live.wake_postgres()
    for path in live.spool.glob("*"):
        path.unlink()


def pixel(number):
    return f"/t/o/{tokens.sign_ref(addresses.OPEN, Ref(1, 2, number))}.gif"


def click(number, target=SHOP):
    return f"/t/c/{tokens.sign_target(addresses.CLICK_TO, Ref(1, 2, number), target)}"


def beacon(web, key=None):
    hits = [{"kind": "page", "url": SHOP, "key": str(key or uuid.uuid4())}]
    return web.get("/t/b", "POST", json.dumps({"hits": hits}), {"Content-Type": "text/plain"})


def stored(web):
    return [number for (number,) in web.rows("SELECT message_id FROM tracking_hit WHERE message_id > 0 ORDER BY 1")]


def assert_nothing_acknowledged_is_lost(web, load):
    until(lambda: not list(web.spool.glob("*.hits")), 30)
    found = stored(web)
    assert len(found) == len(set(found)), "a hit was stored twice"
    assert sorted(set(load.acknowledged) - set(found)) == []
    assert len(load.acknowledged) > 50


def test_the_web_server_is_killed_under_load(web):
    with Load(web, pixel) as load:
        for _ in range(2):
            time.sleep(1)
            web.kill_web()
            web.start_web()
        time.sleep(1)

    assert set(load.statuses) == {200}
    assert_nothing_acknowledged_is_lost(web, load)


def test_the_database_is_killed_under_load(web):
    with Load(web, click) as load:
        time.sleep(1)
        web.kill_postgres()
        time.sleep(1.5)
        web.start_postgres()
        time.sleep(1.5)

    assert set(load.statuses) == {302}
    assert load.slowest < BOUND + CROWDED
    assert_nothing_acknowledged_is_lost(web, load)
    kept, lost = web.rows("SELECT sum(kept), sum(lost) FROM tracking_outage")[0]
    assert (kept > 0, lost) == (True, 0)


def test_the_database_hangs_under_load(web):
    with Load(web, pixel) as load:
        time.sleep(1)
        web.hang_postgres()
        time.sleep(3)
        waiting = list(web.spool.glob("*.hits"))
        web.wake_postgres()
        time.sleep(1.5)

    assert waiting
    assert set(load.statuses) == {200}
    assert load.slowest < BOUND + CROWDED
    assert_nothing_acknowledged_is_lost(web, load)


def test_what_a_killed_server_left_on_disk_is_brought_in_by_the_next(web):
    web.get(pixel(0))
    web.kill_postgres()
    with Load(web, pixel) as load:
        time.sleep(1.5)
        web.kill_web()
    web.start_postgres()
    web.start_web()
    assert beacon(web).status == 204  # the first hit starts the threads

    assert_nothing_acknowledged_is_lost(web, load)


def test_a_web_server_that_starts_without_a_database_answers_and_keeps(web):
    web.stop_web()
    web.kill_postgres()
    web.start_web()
    answers = [web.get(pixel(1)), web.get(click(2)), beacon(web, uuid.UUID(int=7)), beacon(web, uuid.UUID(int=7))]

    assert [answer.status for answer in answers] == [200, 302, 204, 204]
    assert answers[1].headers["Location"] == SHOP
    assert max(answer.seconds for answer in answers) < BOUND + CROWDED
    web.start_postgres()
    until(lambda: web.rows("SELECT count(*) FROM tracking_hit") == [(3,)])  # the same key counts once


def test_what_finds_no_room_on_disk_is_counted_and_never_said_to_be_kept(web):
    web.stop_web()
    web.start_web(SPOOL_MB="0")
    assert web.get(pixel(1)).status == 200
    web.kill_postgres()
    answers = [web.get(pixel(2)), web.get(click(3)), beacon(web)]

    assert [answer.status for answer in answers] == [200, 302, 503]
    assert answers[2].headers["Retry-After"] == "30"
    web.start_postgres()
    until(lambda: web.rows("SELECT sum(kept), sum(lost) FROM tracking_outage") == [(0, 3)])
    assert stored(web) == [1]
    assert "hits are being lost: the spool is full" in web.log()


def test_an_old_link_is_looked_up_once_and_leads_there_while_the_database_is_away(web):
    web.execute(LINKS)
    web.stop_web()
    web.start_web(workers=1)
    known, unknown, gone = (
        f"/t/c/{tokens.sign_ref(addresses.CLICK, Ref(1, about, 1))}" for about in (902, 903, 2**63 + 5)
    )
    assert web.get(known).headers["Location"] == "https://a.example/"
    assert web.get(gone).status == 404
    web.hang_postgres()
    answers = [web.get(known), web.get(unknown), web.get(known)]

    assert [answer.status for answer in answers] == [302, 503, 302]
    assert answers[0].headers["Location"] == "https://a.example/"
    assert (answers[1].headers["Retry-After"], b"Please try again" in answers[1].body) == ("30", True)
    assert max(answer.seconds for answer in answers) < BOUND + CROWDED
    web.wake_postgres()
    until(lambda: web.get(unknown).headers.get("Location") == "https://b.example/")


def test_requests_that_hang_in_django_leave_room_for_pixels(web):
    web.get(pixel(1))
    web.hang_postgres()
    patient = [threading.Thread(target=try_get, args=[web, "/f/some-form"], daemon=True) for _ in range(80)]
    for thread in patient:
        thread.start()
    time.sleep(0.5)
    answers = [web.get(pixel(number)) for number in range(2, 12)]

    assert [answer.status for answer in answers] == [200] * 10
    assert max(answer.seconds for answer in answers) < 2 * BOUND + CROWDED  # waits for a turn, and for the database
    web.wake_postgres()
    for thread in patient:
        thread.join(20)


def try_get(web, path):
    with suppress(OSError):
        web.get(path, timeout=15)


def test_slow_senders_leave_room_for_pixels(web):
    senders = []
    for number in range(60):
        sender = socket.create_connection(("127.0.0.1", web.port))
        path = "/t/b" if number % 2 else "/f/some-form"
        sender.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{".encode())
        senders.append(sender)
    time.sleep(0.5)
    answers = [web.get(pixel(number)) for number in range(1, 11)]
    for sender in senders:
        sender.close()

    assert [answer.status for answer in answers] == [200] * 10
    assert max(answer.seconds for answer in answers) < BOUND + CROWDED
    until(lambda: beacon(web).status == 204)
