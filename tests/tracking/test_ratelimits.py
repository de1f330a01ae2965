"""Counting here at once, and with other processes soon."""

import threading
import time
import uuid

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from tracking import ratelimits

THREADS = 16


@pytest.fixture
def name(monkeypatch):
    """Something nobody has counted; only the test itself tells Redis."""
    monkeypatch.setattr(ratelimits, "_start", lambda: None)
    monkeypatch.setattr(ratelimits, "_teller", None)
    monkeypatch.setattr(ratelimits, "_totals", {})
    monkeypatch.setattr(ratelimits, "_untold", {})
    return uuid.uuid4()


@pytest.fixture
def away(monkeypatch):
    def refuse(*args):
        raise RedisAway("refused")

    with monkeypatch.context() as patch:
        patch.setattr(Redis, "eval", refuse)
        yield patch


def another_process(name, times):
    """It counts so many, and tells Redis."""
    ours = ratelimits._totals, ratelimits._untold
    ratelimits._totals, ratelimits._untold = {}, {}
    for _ in range(times):
        ratelimits.count(3600, name)
    assert ratelimits.tell()
    ratelimits._totals, ratelimits._untold = ours


def test_what_comes_all_at_once_is_counted_one_by_one(name):
    start, counted = threading.Barrier(THREADS), []

    def count():
        start.wait()
        counted.append(ratelimits.count(3600, name))

    threads = [threading.Thread(target=count) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counted) == list(range(1, THREADS + 1))


def test_what_others_counted_is_learnt_from_redis_and_each_one_counts_once(name):
    assert [ratelimits.count(3600, name) for _ in range(2)] == [1, 2]
    another_process(name, 5)
    assert ratelimits.count(3600, name) == 3

    assert ratelimits.tell()
    assert ratelimits.count(3600, name) == 9
    assert ratelimits.tell()
    assert ratelimits.count(3600, name) == 10


def test_another_window_and_another_name_are_counted_for_themselves(name):
    assert [ratelimits.count(seconds, name, *more) for seconds, *more in ((3600,), (7200,), (3600, 1))] == [1, 1, 1]


def test_redis_forgets_after_two_windows(name):
    ratelimits.count(3600, name)
    ((key, _seconds),) = ratelimits._untold
    ratelimits.tell()

    assert 7190 < ratelimits._client().ttl(key) <= 7200


def test_while_redis_is_away_each_process_counts_for_itself_and_tells_it_later(name, away):
    assert [ratelimits.count(3600, name) for _ in range(2)] == [1, 2]
    assert not ratelimits.tell()
    assert ratelimits.count(3600, name) == 3

    away.undo()
    another_process(name, 4)
    assert ratelimits.tell()
    assert ratelimits.count(3600, name) == 8


def test_no_more_names_are_remembered_than_fit(name, monkeypatch):
    monkeypatch.setattr(ratelimits, "REMEMBERED", 3)
    for number in range(7):
        ratelimits.count(3600, name, number)

    assert (len(ratelimits._totals), len(ratelimits._untold)) == (1, 1)


def test_redis_is_told_without_anybody_waiting(monkeypatch):
    name = uuid.uuid4()
    told = threading.Event()
    monkeypatch.setattr(ratelimits, "tell", lambda: told.set() or True)
    monkeypatch.setattr(ratelimits, "_teller", None)
    ratelimits._wanted.clear()

    begun = time.monotonic()
    ratelimits.count(3600, name)
    assert time.monotonic() - begun < ratelimits.MOMENT
    assert told.wait(5)
