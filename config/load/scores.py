"""The ledger and the scores of the generated events, computed by the engine itself."""

from __future__ import annotations

from django.db import transaction

from config.load import workers
from scoring import ledger, scores
from scoring.sql import share_rules

CHUNK = 10_000  # contacts


def compute(contacts: int, processes: int, done: workers.Done = lambda count: None, chunk: int = CHUNK) -> None:
    """Replay everybody with an id up to `contacts`, in ranges shared by `processes`. Writes differences only."""
    parts = ranges(contacts, chunk)
    workers.share(replay, parts, processes, done=lambda count: done(min(count * chunk, contacts)))


def ranges(contacts: int, chunk: int) -> list[tuple[int, int]]:
    """The ids from 1 to `contacts` in chunks: the first of each, and the first beyond."""
    return [(first, min(first + chunk, contacts + 1)) for first in range(1, contacts + 1, chunk)]


@transaction.atomic
def replay(first: int, end: int) -> None:
    """One range of contacts, in a transaction of its own, under the locks live scoring uses."""
    share_rules()
    scores.refresh(ledger.replay(scores.lock(range(first, end))))
