"""Computing everybody's ledger and scores, in two processes, against joining events and rules and summing, uncapped."""

from __future__ import annotations

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Goal
from config.load import scores
from contacts.sql import execute, tuples
from scoring.sql import differences

WORKERS = 2
JOIN_AND_SUM = """
SELECT count(*) FROM (
  SELECT e.contact_id, sum(v.points) FROM tracking_event e
  JOIN scoring_match m ON m.subject_id = e.subject_id
  JOIN scoring_pointactionversion v ON v.id = m.version_id AND v.kind = e.kind
  WHERE e.contact_id IS NOT NULL AND e.verdict < 2 GROUP BY 1
) sums
"""


class Replay(Benchmark):
    unit = "s"
    goal = Goal(2, "ratio")
    rounds = 3
    warm = 0

    def run(self) -> None:
        scores.compute(self.plan.contacts, WORKERS)

    def floor(self) -> None:
        tuples(JOIN_AND_SUM, [])

    def check(self) -> None:
        if wrong := differences():
            raise RuntimeError(f"{len(wrong)} scores are not the sum of their lines, such as {wrong[0]}")


class ReplayOfNothingNew(Replay):
    name = "full replay that finds every line right"


class FullReplay(Replay):
    name = "full replay that writes every line"

    def prepare(self) -> None:
        execute("TRUNCATE scoring_pointentry, scoring_contactscore")
