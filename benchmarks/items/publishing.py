"""Publishing a changed rule: its preview, and its backfill by two workers, against doing no more than it moves.

Which is, in one statement each: to recount the rule's lines, to write them, to add what they are worth to the sums.
"""

from __future__ import annotations

import time
from typing import ClassVar

from django.db import transaction

from benchmarks.benchmark import Benchmark
from benchmarks.crew import Crew
from benchmarks.figures import Goal
from campaigns import forecasts
from config import pipeline
from config.load.subjects import SITE
from contacts.sql import execute, tuples
from scoring import previews, publications
from scoring.models import PointAction, Publication, Sweep
from scoring.publishing.actions import PointActions
from scoring.publishing.types import State, publishables

EVERYBODY = Publication.Scope.PAST
SIZE = 5000  # contacts in one step
RECOUNT = """
SELECT e.contact_id, v.action_id, 0, date_trunc('week', e.at)::date, v.id, count(*)::int, count(*)::int, min(e.at), max(e.at)
FROM tracking_event e JOIN scoring_match m ON m.subject_id = e.subject_id JOIN scoring_pointactionversion v ON v.id = m.version_id
WHERE v.id = %(version)s AND e.kind = 7 AND e.verdict < 2 AND e.contact_id <= %(last)s GROUP BY 1, 2, 4, 5
"""
COUNT = f"SELECT count(*) FROM ({RECOUNT}) lines"
# Lines name their version: a changed filter means other lines.
KEY = "contact_id, action_id, object_id, period, version_id"
BARE_LINES = (
    "DROP TABLE IF EXISTS bench_entry",
    f"CREATE TABLE bench_entry AS SELECT {KEY}, hits, credited, first_at, last_at FROM scoring_pointentry LIMIT 0",
    f"ALTER TABLE bench_entry ADD PRIMARY KEY ({KEY})",
)
REWRITE = f"INSERT INTO bench_entry ({KEY}, hits, credited, first_at, last_at) {RECOUNT}"
# Scores follow the lines: those of the rule's group, and those overall.
BARE_SCORES = (
    "DROP TABLE IF EXISTS bench_score",
    "CREATE TABLE bench_score AS SELECT contact_id, coalesce(group_id, 0) AS group_id, score FROM scoring_contactscore",
    "ALTER TABLE bench_score ADD PRIMARY KEY (contact_id, group_id)",
)
RESCORE = """
UPDATE bench_score s SET score = s.score + sums.points
FROM (SELECT contact_id, sum(credited) AS points FROM {lines} GROUP BY 1) sums
WHERE s.contact_id = sums.contact_id
  AND s.group_id IN (0, (SELECT group_id FROM scoring_pointactionversion WHERE id = %(version)s))
"""
OF_ACTION = (
    "scoring_pointentry WHERE action_id = (SELECT action_id FROM scoring_pointactionversion WHERE id = %(version)s)"
)


class OfOneRule(Benchmark):
    """The rule of pages under /docs/, once a week."""

    unit = "s"
    rounds = 3
    warm = 0
    last: ClassVar[int] = 2**60  # contacts with a lower id are looked at

    def set_up(self) -> None:
        self.action = PointAction.objects.get(versions__number=1, versions__params=pages("docs"))
        self.turn = 0

    def draft(self) -> Publication:
        """A draft that changes the rule, differently each time."""
        self.turn += 1
        draft = publications.open_draft()
        before = publishables[PointActions.key].state(self.action.pk) or {}
        publications.add(draft, PointActions.key, self.action.pk, before | self.change())
        return draft

    def change(self) -> State:
        """More pages, fewer pages."""
        return {"params": pages("docs", "product") if self.turn % 2 else pages("docs")}

    def values(self) -> dict[str, int]:
        return {"version": self.action.versions.latest("number").pk, "last": self.last}

    def floor(self) -> None:
        tuples(COUNT, self.values())


class Preview(OfOneRule):
    name = "publish preview for 100,000 contacts"
    goal = Goal(10, "most")
    last = 100_000

    def prepare(self) -> None:
        previews.request(self.draft(), EVERYBODY)
        self.publication = publications.open_draft()

    def run(self) -> None:
        seen = 0
        while seen < self.last and (step := previews.step(SIZE)):
            seen += step
        forecasts.crossings(self.publication)

    def tear_down(self) -> None:
        publications.discard(publications.open_draft())


class BackfillOfAFilter(OfOneRule):
    name = "backfill of one rule with a changed filter"
    goal: ClassVar[Goal | None] = Goal(2, "ratio")

    def set_up(self) -> None:
        super().set_up()
        self.crew = Crew()
        for statement in (*BARE_LINES, *BARE_SCORES):
            execute(statement)

    def prepare(self) -> None:
        self.publication = self.draft()

    def run(self) -> None:
        publications.publish(self.publication, EVERYBODY)
        self.crew.all(walk)

    def floor(self) -> None:
        with transaction.atomic():
            execute("DELETE FROM bench_entry")
            execute(REWRITE, self.values())
            execute(RESCORE.format(lines="bench_entry"), self.values())

    def check(self) -> None:
        execute("DELETE FROM contacts_change")  # who entered segments by it

    def tear_down(self) -> None:
        self.crew.dismiss()


class BackfillOfPoints(BackfillOfAFilter):
    name = "backfill of one rule with changed points"
    goal = None

    def change(self) -> State:
        return {"points": 2 + self.turn % 2}

    def floor(self) -> None:
        execute(RESCORE.format(lines=OF_ACTION), self.values())


def walk() -> None:
    """What a worker does until nothing is owed; where others are busy with all of it, it looks again soon."""
    while Sweep.objects.filter(finished_at__isnull=True).exists():
        if not pipeline.advance(SIZE):
            time.sleep(0.002)


def pages(*sections: str) -> dict[str, list[str]]:
    return {"addresses": [f"{SITE}/{section}/*" for section in sections]}
