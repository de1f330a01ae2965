"""New hits through the pipeline in one batch, against inserting as many rows and adding one to as many scores."""

from __future__ import annotations

import json
import uuid
from random import Random

from django.db import transaction

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Goal
from config import pipeline
from config.load import events, subjects
from contacts.sql import execute
from tracking import hits
from tracking.hits import NewHit
from tracking.models import Event, Hit, Kind, Visitor

BARE_TABLES = (
    "DROP TABLE IF EXISTS bench_event, bench_score",
    "CREATE TABLE bench_event (LIKE tracking_event)",
    "CREATE TABLE bench_score (contact_id bigint PRIMARY KEY, score numeric) WITH (fillfactor = 85)",
    "INSERT INTO bench_score SELECT contact_id, score FROM scoring_contactscore WHERE group_id IS NULL",
    "ANALYZE bench_score",
)
INSERT = """
INSERT INTO bench_event (id, key, kind, at, contact_id, visitor_id, subject_id, verdict, data, received_at)
SELECT h.id, h.key, h.kind, h.at, coalesce(h.contact_id, v.contact_id), h.visitor_id, h.subject_id, 0, h.data, h.received_at
FROM tracking_hit h LEFT JOIN tracking_visitor v ON v.id = h.visitor_id
"""
ADD = """
UPDATE bench_score s SET score = score + 1 FROM (
  SELECT DISTINCT coalesce(h.contact_id, v.contact_id) AS contact_id
  FROM tracking_hit h LEFT JOIN tracking_visitor v ON v.id = h.visitor_id
) h WHERE h.contact_id = s.contact_id
"""
KNOWN_BY_TOKEN = (Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED)


class Batch(Benchmark):
    """Hits as the edge records them: opens and clicks name the contact by token, the rest come from known browsers."""

    unit = "hits/s"
    steady = True
    warm = 8  # a copied world is all on disk; a server that has been at work has in memory what it works with

    def set_up(self) -> None:
        for statement in BARE_TABLES:
            execute(statement)
        pipeline.drain()
        self.about = subjects.find()
        self.dice = self.plan.dice(self.name)

    def prepare(self) -> None:
        new = [self._hit(self.dice) for _ in range(self.count)]
        browsers = {hit.visitor_id: int(hit.visitor_id) for hit in new if hit.visitor_id}
        Visitor.objects.bulk_create(
            [Visitor(id=pk, contact_id=contact) for pk, contact in browsers.items()], ignore_conflicts=True
        )
        for start in range(0, self.count, 1000):
            hits.record_many(new[start : start + 1000])
        self.keys = [hit.key for hit in new]

    def run(self) -> None:
        pipeline.advance(self.count)

    def floor(self) -> None:
        with transaction.atomic():
            execute(INSERT)
            execute(ADD)

    def check(self) -> None:
        if Hit.objects.exists():
            raise RuntimeError("hits are left in the inbox")
        taken = Event.objects.filter(key__in=self.keys, contact__isnull=False, at__gte=self.plan.until).count()
        if taken != self.count:
            raise RuntimeError(f"{taken} events of {self.count} hits")
        pipeline.drain()  # what segments noted

    def _hit(self, dice: Random) -> NewHit:
        kind, subject, data = events.draw(dice, self.about)
        contact = self.plan.contact(int(dice.random() ** 2 * self.plan.contacts))
        by_token = kind in KNOWN_BY_TOKEN
        seen = json.loads(data)
        return NewHit(
            kind=Kind(kind),
            contact_id=contact if by_token else None,
            visitor_id=None if by_token else uuid.UUID(int=contact),
            subject_id=None if kind == Kind.PAGE_VISITED else subject,
            url=seen.pop("url", ""),
            data={"answers": {}} if kind == Kind.FORM_SUBMITTED else {},
            **seen,
        )


class BatchOf1000(Batch):
    name = "batch of 1,000 hits"
    count = 1000
    warm = 40


class BatchOf10000(Batch):
    name = "batch of 10,000 hits"
    count = 10_000
    goal = Goal(10_000, "least")
