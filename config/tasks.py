"""The doors Celery knocks on. The work itself is rows in PostgreSQL: a lost message costs latency, never data."""

from __future__ import annotations

from celery import shared_task

from campaigns import delivery, enrolments
from config import pipeline

AT_MOST = 20  # batches in one task: a tick stays short, the next one goes on


@shared_task(name="pipeline.tick", ignore_result=True, time_limit=120)
def tick() -> None:
    """Advance while there is work, then see to what is due."""
    for _batch in range(AT_MOST):
        if not pipeline.advance():
            break
    enrolments.advance_due(limit=500)
    delivery.sweep()
    delivery.ring_due(limit=500)
