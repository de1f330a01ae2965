"""Doors for the workers."""

from __future__ import annotations

from celery import shared_task

from tracking import daysums, double_opt_in


@shared_task(name="tracking.send_confirmations", ignore_result=True)
def send_confirmations() -> None:
    double_opt_in.send_due()


@shared_task(name="tracking.forget_confirmations", ignore_result=True)
def forget_confirmations() -> None:
    double_opt_in.forget_expired()


@shared_task(name="tracking.count_days", ignore_result=True, time_limit=300)
def count_days() -> None:
    daysums.carry()
