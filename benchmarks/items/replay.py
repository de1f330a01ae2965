"""Computing everybody's ledger and scores, by two workers, against joining events and rules and summing, uncapped."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.benchmark import Benchmark, timed
from benchmarks.crew import Crew
from benchmarks.figures import Goal, Measured
from config.load import scores
from contacts.sql import execute, tuples
from scoring.sql import differences

CHUNK = 4000  # contacts
JOIN_AND_SUM = """
SELECT sum(points) FROM (
  SELECT e.contact_id, sum(v.points) AS points FROM tracking_event e
  JOIN scoring_match m ON m.subject_id = e.subject_id
  JOIN scoring_pointactionversion v ON v.id = m.version_id AND v.kind = e.kind
  WHERE e.contact_id IS NOT NULL AND e.verdict < 2 GROUP BY 1
) sums
"""
# The least that leaves the same lines: every rule counted by day and object, into a table with the same key.
KEY = "contact_id, action_id, object_id, period, version_id"
BARE_LINES = (
    "DROP TABLE IF EXISTS bench_ledger",
    f"CREATE TABLE bench_ledger AS SELECT {KEY}, hits, credited, first_at, last_at FROM scoring_pointentry LIMIT 0",
    f"ALTER TABLE bench_ledger ADD PRIMARY KEY ({KEY})",
)
WRITE_LINES = f"""
INSERT INTO bench_ledger ({KEY}, hits, credited, first_at, last_at)
SELECT e.contact_id, v.action_id, CASE WHEN v.repeat IN ('object', 'always') THEN m.object_id ELSE 0 END,
  CASE WHEN v.repeat IN ('once', 'object') THEN DATE '0001-01-01' WHEN v.repeat = 'week' THEN date_trunc('week', e.at)::date
    WHEN v.repeat = 'month' THEN date_trunc('month', e.at)::date ELSE e.at::date END,
  v.id, count(*), count(*), min(e.at), max(e.at)
FROM tracking_event e
JOIN scoring_match m ON m.subject_id = e.subject_id
JOIN scoring_pointactionversion v ON v.id = m.version_id AND v.kind = e.kind AND e.at >= v.valid_from AND e.at < v.valid_until
WHERE e.contact_id IS NOT NULL AND e.verdict < 2 GROUP BY 1, 2, 3, 4, 5
"""


class Replay(Benchmark):
    unit = "s"
    goal = Goal(2, "ratio")
    rounds = 3
    warm = 0

    def set_up(self) -> None:
        self.crew = Crew()

    def run(self) -> None:
        ranges = iter(scores.ranges(self.plan.contacts, CHUNK))

        def work() -> None:
            for first, end in ranges:
                scores.replay(first, end)

        self.crew.all(work)

    def floor(self) -> None:
        """With the workers that PostgreSQL gives it by itself: we have two, too."""
        tuples(JOIN_AND_SUM, [])

    def tear_down(self) -> None:
        self.crew.dismiss()

    def check(self) -> None:
        if wrong := differences():
            raise RuntimeError(f"{len(wrong)} scores are not the sum of their lines, such as {wrong[0]}")


class ReplayOfNothingNew(Replay):
    name = "full replay that finds every line right"


class FullReplay(Replay):
    name = "full replay that writes every line"

    def set_up(self) -> None:
        super().set_up()
        self.bare: list[float] = []
        self.runs: list[float] = []

    def prepare(self) -> None:
        execute("TRUNCATE scoring_pointentry, scoring_contactscore")
        for statement in BARE_LINES:
            execute(statement)
        self.bare.append(timed(self._write_bare))

    def run(self) -> None:
        self.runs.append(timed(super().run))

    def _write_bare(self) -> None:
        execute(WRITE_LINES)  # how many it wrote is no time

    def tear_down(self) -> None:
        super().tear_down()
        execute("DROP TABLE bench_ledger")

    def further(self) -> Sequence[Measured]:
        name = f"{self.name}, to one statement that does"
        return [Measured(name, self.unit, None, statistics.median(self.runs), statistics.median(self.bare))]
