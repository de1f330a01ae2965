"""What stays of events that are not kept any more: how often, day by day."""

from __future__ import annotations

from django.db import models

from tracking.models.events import Subject


class DayCount(models.Model):
    """Of the events of one kind about one thing on one day, those that went: counted, and about nobody.

    `people`: how many browsers there were on that day; `nameless`: events of nobody who may be followed. Statistics add them.
    """

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="day_counts", db_index=False)
    kind = models.PositiveSmallIntegerField()  # models.Kind
    day = models.DateField()
    times = models.PositiveIntegerField(default=0)
    machines = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    nameless = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "kind", "day"], name="one_count_per_subject_kind_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.day}: {self.times}"
