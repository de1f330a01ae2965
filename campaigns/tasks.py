"""The doors Celery knocks on for deliveries. Repeatable by design: the rows decide what is still to do."""

from __future__ import annotations

from celery import shared_task

from campaigns import delivery


@shared_task(name="campaigns.perform", acks_late=True, ignore_result=True, time_limit=120)
def perform(delivery_id: int) -> None:
    delivery.perform(delivery_id)


@shared_task(name="campaigns.perform_due", acks_late=True, ignore_result=True, time_limit=300)
def perform_due(limit: int = delivery.AT_ONCE) -> None:
    delivery.perform_due(limit)
