"""Several processes that share a list of work, each with a database connection of its own.

A new process imports this module before Django is set up: so it imports nothing of ours before it is needed.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

Work = Callable[..., None]
Done = Callable[[int], None]


def share(work: Work, parts: Sequence[tuple[Any, ...]], workers: int, done: Done = lambda count: None) -> None:
    """Call `work(*part)` for every part, in `workers` processes; an error ends it. `done` hears how many are done.

    With one worker everything happens here. `work` is a function of a module: each process imports it anew.
    """
    if workers == 1:
        for count, part in enumerate(parts, 1):
            work(*part)
            done(count)
        return
    from config.load import sql

    # Spawned, not forked: a forked copy of our connection would end ours when it closes.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin, (sql.database(),)) as pool:
        futures = [pool.submit(work, *part) for part in parts]
        try:
            for count, future in enumerate(as_completed(futures), 1):
                future.result()
                done(count)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(database: str) -> None:
    import django

    django.setup()
    from config.load import sql

    sql.use_database(database)
