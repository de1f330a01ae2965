"""The Celery application: what the workers know, and nothing they do. The schedule is in `settings.py`."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("bareme")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()  # <app>/tasks.py of every installed app
app.autodiscover_tasks(["config"])


@setup_logging.connect
def leave_logging_to_django(**kwargs: Any) -> None:
    """A receiver of this signal is how Celery is told not to set up logging of its own."""
