"""The turns with Django: first come, first served, and nobody waits long."""

from __future__ import annotations

import threading
import time

import pytest

from tracking.edge import hotpath
from tracking.edge.hotpath import Turns


def wait_until(true: object) -> None:
    for _ in range(500):
        if true():  # type: ignore[operator]
            return
        time.sleep(0.01)
    raise AssertionError("never")


def test_a_turn_that_comes_back_goes_to_whoever_waits_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hotpath, "TURN_SECONDS", 30)
    turns, order = Turns(1), []
    assert turns.take()

    def wait(name: str) -> None:
        assert turns.take()
        order.append(name)

    threads = []
    for count, name in enumerate(["first", "second"], 1):
        threads.append(threading.Thread(target=wait, args=[name]))
        threads[-1].start()
        wait_until(lambda count=count: len(turns._waiting) == count)
    turns.give_back()
    wait_until(lambda: order == ["first"])
    turns.give_back()  # the first one's
    wait_until(lambda: order == ["first", "second"])
    turns.give_back()
    assert turns.take()
    for thread in threads:
        thread.join()


def test_who_waits_in_vain_is_refused_and_who_comes_next_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hotpath, "TURN_SECONDS", 0.05)
    turns = Turns(1)
    assert turns.take()
    assert not turns.take()
    monkeypatch.setattr(hotpath, "TURN_SECONDS", 3600)  # it would be noticed
    assert not turns.take()
    turns.give_back()
    assert turns.take()


def test_many_in_a_hurry_all_get_their_turns() -> None:
    turns, refused = Turns(3), []

    def hurry() -> None:
        for _ in range(300):
            if turns.take():
                turns.give_back()
            else:
                refused.append(1)

    threads = [threading.Thread(target=hurry) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert turns._free == 3
