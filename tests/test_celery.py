"""The worker outlives its broker."""

import uuid

import kombu
import pytest

from config.celery import app


@pytest.fixture
def channel():
    """Of a connection to Valkey, with a message that was taken and is not done."""
    connection = app.connection_for_read()
    channel = connection.default_channel
    queue = kombu.Queue(f"of-this-test-{uuid.uuid4()}", exchange="", auto_delete=True)(channel)
    queue.declare()
    connection.Producer().publish("work", routing_key=queue.name)
    assert queue.get() is not None
    yield channel
    with app.connection_for_write() as other:
        other.default_channel.queue_delete(queue.name)


def test_a_channel_that_holds_a_message_can_be_closed_when_its_connection_was_given_up(channel):
    connection = channel.connection.client
    connection._do_close_transport()  # as Celery leaves it when Valkey was killed while a task ran
    channel._disconnect_pools()

    connection.maybe_close_channel(channel)

    assert channel.closed
