"""A worker that is killed -9 again and again: `python -m tests.crashing_worker SEED [JOB]`, until its stdin is closed.

The parent sets Django up and never touches the database; each child does its job until the parent kills it.
"""

import os
import random
import select
import signal
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config import pipeline  # noqa: E402
from contacts.privacy import several  # noqa: E402

JOBS = {"pipeline": lambda: pipeline.advance(limit=40), "erasures": lambda: several.carry(seconds=0, at_once=3)}


def work(job):
    while True:
        if not JOBS[job]():
            time.sleep(0.005)


def main(seed, job="pipeline"):
    chance, kills = random.Random(seed), 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        if (child := os.fork()) == 0:
            work(job)
        time.sleep(chance.uniform(0.03, 0.3) * (1 + kills / 20))  # on a busy machine the first ones may die too young
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
    print(kills)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
