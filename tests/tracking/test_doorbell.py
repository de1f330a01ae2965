import threading
import time

from tracking import doorbell


def test_many_rings_make_few_messages_and_the_last_is_followed_by_one(monkeypatch):
    sent = []
    monkeypatch.setattr(
        doorbell.current_app, "send_task", lambda name, **options: sent.append((name, options["expires"]))
    )

    for _ in range(50):
        doorbell.ring()
        time.sleep(0.01)
    time.sleep(0.5)

    assert sent[0] == ("pipeline.tick", 5)
    assert 2 <= len(sent) <= 5


def test_a_broker_that_hangs_or_fails_holds_nobody_up(monkeypatch, caplog):
    asked = threading.Event()

    def fail(name, **options):
        asked.set()
        time.sleep(0.3)
        raise ConnectionError("no broker")

    monkeypatch.setattr(doorbell.current_app, "send_task", fail)
    begun = time.monotonic()

    doorbell.ring()
    doorbell.ring()

    assert time.monotonic() - begun < 0.1
    assert asked.wait(2)
    time.sleep(1)
    assert "could not reach the broker" in caplog.text
