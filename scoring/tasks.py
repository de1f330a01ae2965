"""Doors for the workers."""

from __future__ import annotations

from celery import shared_task

from scoring.backtests import running

SECONDS = 5  # of work before the worker is free for what cannot wait


@shared_task(name="scoring.carry_back_tests", ignore_result=True)
def carry_back_tests() -> None:
    """Carry on the back-tests that were asked for; nothing when there are none."""
    running.carry(SECONDS)
