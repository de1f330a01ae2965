"""Wiring only. Importing the Celery application here makes it the one that every `@shared_task` belongs to."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
