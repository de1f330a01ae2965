"""The Celery application: what the workers know, and nothing they do. The schedule is in `settings.py`."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready
from kombu.transport.redis import Channel, Transport
from redis import Redis
from redis.exceptions import ConnectionError as ConnectionLost

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class GivenUp(ConnectionLost):
    """The connection of this channel was given up before: what took it away has been told."""


class ClosingChannel(Channel):
    """A channel that can be closed after its connection was given up.

    As kombu 5.7 has it, closing one that still holds a message then asks an address of nobody: an AttributeError, which ends
    the whole worker whenever Valkey is killed while a task runs. As a lost connection it is what it is: there is another try.
    """

    # Another way to https://github.com/celery/kombu/issues/582, closed since; tests/test_celery.py tells when this can go.
    @contextmanager
    def conn_or_acquire(self, client: Redis | None = None) -> Iterator[Redis]:
        if client is None and self.connection.client is None:
            raise GivenUp("the connection was given up")
        with super().conn_or_acquire(client) as found:
            yield found


Transport.Channel = ClosingChannel

app = Celery("bareme")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()  # <app>/tasks.py of every installed app
app.autodiscover_tasks(["config"])


@setup_logging.connect
def leave_logging_to_django(**kwargs: Any) -> None:
    """A receiver of this signal is how Celery is told not to set up logging of its own."""


@worker_ready.connect
def know_what_celery_6_will_do(**kwargs: Any) -> None:
    """Each loss of the broker would tell it. Our tasks run on without the broker: each of them may run twice.

    Not earlier: after it has set up logging, Celery asks for all of its warnings.
    """
    warnings.filterwarnings("ignore", message=r"\s*In Celery 5\.1 we introduced an optional breaking change")
