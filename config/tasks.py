"""The doors Celery knocks on. The work itself is rows in PostgreSQL: a lost message costs latency, never data."""

from __future__ import annotations

import time

from celery import shared_task

from campaigns import delivery, enrolments
from config import pipeline

# A tick stays short, the next one goes on: one comes every second, and where all workers share in a walk, mails and calls must
# get their turn.
AT_MOST = 20  # batches
LONGEST = 2.0  # seconds of them


@shared_task(name="pipeline.tick", ignore_result=True, time_limit=120)
def tick() -> None:
    """Advance while there is work, then see to what is due."""
    until = time.monotonic() + LONGEST
    for _batch in range(AT_MOST):
        if not pipeline.advance() or time.monotonic() > until:
            break
    enrolments.advance_due(limit=500)
    delivery.sweep()
    delivery.ring_due(limit=500)
