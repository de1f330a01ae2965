"""Counting in Redis, from many threads at once."""

import threading
import uuid

from tracking import ratelimits

THREADS = 16


def test_the_first_counts_of_a_process_may_come_all_at_once():
    for _ in range(10):
        ratelimits._client.cache_clear()
        ratelimits._ask_again_at = 0.0
        name, start = uuid.uuid4(), threading.Barrier(THREADS)
        counted = []

        def count(name=name, start=start, counted=counted):
            start.wait()
            counted.append(ratelimits.count(3600, name))

        threads = [threading.Thread(target=count) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counted) == list(range(1, THREADS + 1))
