"""Why this score: every line of a busy contact, against the sum of its lines."""

from __future__ import annotations

from benchmarks.benchmark import Benchmark
from benchmarks.items.pages import BUSY
from contacts.models import Contact
from contacts.sql import tuples
from scoring.explain import explain

SUMS = """
SELECT v.group_id, sum(p.credited::bigint * v.points)
FROM scoring_pointentry p JOIN scoring_pointactionversion v ON v.id = p.version_id WHERE p.contact_id = %s GROUP BY 1
"""


class Explain(Benchmark):
    name = "explain"
    rounds = 9

    def set_up(self) -> None:
        self.contact = Contact.objects.get(pk=self.plan.busy_with(BUSY))

    def run(self) -> None:
        explain(self.contact)

    def floor(self) -> None:
        tuples(SUMS, [self.contact.pk])
