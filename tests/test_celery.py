"""The worker outlives its broker."""

import uuid
from contextlib import contextmanager

import kombu
import pytest
from kombu.transport.redis import Channel, Transport

from config.celery import ClosingChannel, app


@contextmanager
def channel_that_lost_its_connection():
    """To Valkey, with a message that was taken and is not done: as Celery leaves it when Valkey was killed while a task ran."""
    connection = app.connection_for_read()
    channel = connection.default_channel
    queue = kombu.Queue(f"of-this-test-{uuid.uuid4()}", exchange="", auto_delete=True)(channel)
    queue.declare()
    connection.Producer().publish("work", routing_key=queue.name)
    assert queue.get() is not None
    connection._do_close_transport()
    channel._disconnect_pools()
    yield channel
    with app.connection_for_write() as other:
        other.default_channel.queue_delete(queue.name)


def test_a_channel_that_holds_a_message_can_be_closed_when_its_connection_was_given_up():
    with channel_that_lost_its_connection() as channel:
        assert type(channel) is ClosingChannel

        app.connection_for_read().maybe_close_channel(channel)

        assert channel.closed


def test_kombu_still_cannot_close_it_so_that_our_channel_is_needed(monkeypatch):
    """Fails with a kombu that can: then remove ClosingChannel from config/celery.py, and this test."""
    monkeypatch.setattr(Transport, "Channel", Channel)

    with channel_that_lost_its_connection() as channel, pytest.raises(AttributeError, match="hostname"):
        app.connection_for_read().maybe_close_channel(channel)
