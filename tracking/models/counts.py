"""How often, day by day: what stays of events that are not kept any more, and what closed days came to."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
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


class ClosedDay(models.Model):
    """A day that is over and was counted: what its events came to is in DaySum. Tells nothing that the events do not tell."""

    day = models.DateField(primary_key=True)

    def __str__(self) -> str:
        return str(self.day)


class DaySum(models.Model):
    """Of the events of one kind about one thing on a closed day, those that are kept: how often, in all and by name.

    `people`: a sketch of who they were, from which only their number can be told (tracking.daysums_sql).
    """

    subject = models.ForeignKey(Subject, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    kind = models.PositiveSmallIntegerField()
    day = models.DateField()
    sort = models.CharField(max_length=10)  # total, referrer, utm, url
    name = models.CharField(max_length=300)
    times = models.PositiveIntegerField()
    machines = models.PositiveIntegerField()
    nameless = models.PositiveIntegerField()
    people = ArrayField(models.IntegerField(), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "kind", "day", "sort", "name"], name="one_sum_per_day_and_name")
        ]
        indexes = [models.Index(fields=["day"], name="sum_of_day")]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.day} {self.sort} {self.name}: {self.times}"


class DayDue(models.Model):
    """Something came to a closed day, or counts otherwise than before: its sums are counted anew."""

    subject = models.ForeignKey(Subject, models.DO_NOTHING, db_constraint=False, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.subject_id} {self.at}"
