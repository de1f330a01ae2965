"""Campaigns' kinds of data: the words of messages, and the details of tries to deliver."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Attempt, Delivery, Message, Step, Trigger
from contacts.privacy.retention import Due, Rows, holders, kinds


@kinds.register
class WordsOfMessages(Rows):
    key = "message_bodies"
    position = 60
    label = _("The words of sent mails and SMS")
    becomes = _("Deleted. To whom and when, and the line of the subject, stay; opens and clicks still count.")
    usual = 24

    def rows(self, due: Due) -> QuerySet[Any]:
        waiting = [*Delivery.WAITING, Delivery.State.IN_FLIGHT]
        old = Message.objects.filter(created_at__lt=due.before).exclude(html="", text="", headers={})
        return old.filter(Q(delivery=None) | ~Q(delivery__state__in=waiting))

    def let_go(self, rows: QuerySet[Any]) -> None:
        rows.update(html="", text="", headers={})


@kinds.register
class DetailsOfAttempts(Rows):
    key = "attempts"
    position = 70
    label = _("Details of tries to send and to tell other systems: their answers and errors")
    becomes = _("Deleted. That it was tried, when and whether it succeeded stays.")
    default = 13

    def rows(self, due: Due) -> QuerySet[Any]:
        return Attempt.objects.filter(started_at__lt=due.before, finished_at__isnull=False).exclude(detail="")

    def let_go(self, rows: QuerySet[Any]) -> None:
        rows.update(detail="")


holders.conditions.append(lambda: Trigger.objects.values_list("conditions", flat=True))
holders.conditions.append(lambda: Step.objects.values_list("params", flat=True))
