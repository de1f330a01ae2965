"""Doors for the workers."""

from __future__ import annotations

import time

from celery import shared_task

from scoring import previews
from scoring.backtests import running

SECONDS = 5  # of work before the worker is free for what cannot wait


@shared_task(name="scoring.forecast", ignore_result=True, time_limit=120)
def forecast() -> None:
    """Carry on the preview of the draft that was asked for; nothing when there is none."""
    until = time.monotonic() + SECONDS
    while previews.step() and time.monotonic() < until:
        pass


@shared_task(name="scoring.carry_back_tests", ignore_result=True)
def carry_back_tests() -> None:
    """Carry on the back-tests that were asked for; nothing when there are none."""
    running.carry(SECONDS)
