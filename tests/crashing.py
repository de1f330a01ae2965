"""Two workers that are killed -9 again and again while a test goes on (`tests.crashing_worker`)."""

import os
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.db import connection


@contextmanager
def crashing_workers(job="pipeline"):
    """Within, they do this job on the test's database. Gives a list: how often each was killed, filled in at the end."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.crashing_worker", str(seed), job],
            env={**os.environ, "DATABASE_URL": address},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    kills = []
    try:
        yield kills
    finally:
        kills += [int(worker.communicate("stop\n", timeout=30)[0]) for worker in workers]
