"""The Celery application: what the workers know, and nothing they do. The schedule is in `settings.py`."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready
from kombu.transport.redis import Channel, Transport
from redis.exceptions import ConnectionError as ConnectionLost

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class ClosingChannel(Channel):
    """A channel that can be closed after its connection was given up.

    As kombu 5.7 has it, closing one that still holds a message then asks an address of nobody: an AttributeError, which ends
    the whole worker whenever Valkey is killed while a task runs. As a lost connection it is what it is: there is another try.
    """

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection.client is None:
            raise ConnectionLost("the connection was given up")
        return super()._connparams(asynchronous)  # type: ignore[misc, no-any-return]


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
