"""Doors for the workers."""

from __future__ import annotations

from celery import shared_task

from contacts import duplicates, segments
from contacts.imports import jobs
from contacts.privacy import several
from contacts.privacy.retention import runs

SECONDS = 200  # well below the time limit of a task
STEPS = 5  # seconds of work before the worker is free for what cannot wait


@shared_task(name="contacts.rebuild_segments", ignore_result=True)
def rebuild_segments() -> None:
    """Rebuild every dynamic segment: time alone changes who was active "in the last 30 days"."""
    segments.rebuild_all(SECONDS)


@shared_task(name="contacts.carry_import", ignore_result=True)
def carry_import(job_id: int) -> None:
    """Carry an import on; rings for the next stretch itself."""
    if jobs.advance(job_id):
        carry_import.delay(job_id)


@shared_task(name="contacts.sweep_imports", ignore_result=True)
def sweep_imports() -> None:
    """Take up imports whose worker is gone (a lost message costs latency, never data)."""
    for job_id in jobs.abandoned():
        carry_import.delay(job_id)


@shared_task(name="contacts.look_for_duplicates", ignore_result=True)
def look_for_duplicates() -> None:
    """Propose contacts who may be one person."""
    duplicates.look()


@shared_task(name="contacts.merge_proved", ignore_result=True)
def merge_proved() -> None:
    """Merge contacts of whom it is proved that they are one person, where the policy allows it."""
    duplicates.merge_proved()


@shared_task(name="contacts.apply_retention", ignore_result=True)
def apply_retention() -> None:
    """Let go of what is no longer kept: today's run, or the one that was asked for, a few steps at a time."""
    if run := runs.begin_day():
        runs.carry(run.pk, STEPS)


@shared_task(name="contacts.carry_erasures", ignore_result=True)
def carry_erasures() -> None:
    """Erase those who wait for it, some at a time; rings for the next stretch itself."""
    if several.carry(STEPS):
        carry_erasures.delay()
