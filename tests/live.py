"""The whole product around a live server: a Celery worker with its clock, and waiting for what it does."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.db import connection


@contextmanager
def celery(schedule, url, settings):
    """A worker with its clock, as in production, on this test's database, mail server and address."""
    settings.PUBLIC_URL = url
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    command = f"celery -q -A config worker --beat --schedule {schedule} --concurrency 1 --loglevel error"
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split()],
        env={
            **os.environ,
            "DATABASE_URL": database.geturl(),
            "PUBLIC_URL": url,
            "EMAIL_URL": f"smtp://{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
            "ALLOW_PRIVATE_WEBHOOKS": "1",
            "DEBUG": "1",
        },
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def until(condition, seconds=30):
    """Wait until it is so, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return found
