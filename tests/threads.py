"""Jobs that run at the same moment, in threads with connections of their own: what the database promises then."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from django.db import connection

THREADS = 6


def together(*jobs):
    """Run the jobs at the same moment; what each returned. The first one's error is raised when all have ended."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def at_once(work, times=THREADS):
    """Run `work(number)` in several threads together; what each returned."""
    return together(*[partial(work, number) for number in range(times)])


def or_error(job):
    """The job, for `together`: instead of failing it returns its error."""

    def run():
        try:
            return job()
        except Exception as error:  # whether it may fail is the test's business
            return error

    return run
