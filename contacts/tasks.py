"""Doors for the workers."""

from __future__ import annotations

from celery import shared_task

from contacts import segments


@shared_task(name="contacts.rebuild_segments", ignore_result=True)
def rebuild_segments() -> None:
    """Rebuild every dynamic segment: time alone changes who was active "in the last 30 days"."""
    segments.rebuild_all()
