"""Rebuilding a demanding dynamic segment of everybody after some contacts changed, against the SELECT of its members."""

from __future__ import annotations

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Goal
from config.load.sql import unnoted
from contacts import segments
from contacts.models import Change, Membership, Segment
from contacts.sql import execute, tuples

# config.load.segments.DEMANDING by hand. As one WHERE with two ORs it takes four times as long.
MEMBERS = """
SELECT count(*) FROM (
  SELECT id FROM contacts_contact
  WHERE country IN ('DE', 'FR', 'NL') AND fields ->> 'industry' = 'saas' AND (fields ->> 'employees')::int >= 500
  UNION
  SELECT contact_id FROM scoring_contactscore WHERE group_id IS NULL AND score >= 100 AND contact_id IN (
    SELECT contact_id FROM tracking_event WHERE kind = 7 AND verdict < 2 AND at >= now() - interval '30 days'
    GROUP BY 1 HAVING count(*) >= 3
  )
  UNION
  SELECT id FROM contacts_contact c WHERE fields @> '{"plan": "ent"}' AND NOT EXISTS (
    SELECT FROM tracking_event e WHERE e.contact_id = c.id AND e.kind = 8 AND e.verdict < 2 AND e.at >= now() - interval '90 days'
  )
) members
"""
# One contact in 200 gets another plan.
SHUFFLE = """
UPDATE contacts_contact
SET fields = fields || CASE WHEN fields ->> 'plan' = 'ent' THEN '{"plan": "pro"}' ELSE '{"plan": "ent"}' END::jsonb
WHERE id %% 200 = %s
"""


class SegmentRebuild(Benchmark):
    name = "dynamic segment rebuild"
    unit = "s"
    goal = Goal(1.5, "ratio")

    def set_up(self) -> None:
        self.segment = Segment.objects.get(name="Demanding")
        self.turn = 0

    def prepare(self) -> None:
        self.turn += 1
        with unnoted("contacts_contact"):
            execute(SHUFFLE, [self.turn])

    def run(self) -> None:
        segments.rebuild(self.segment)

    def floor(self) -> None:
        ((self.members,),) = tuples(MEMBERS, {})

    def check(self) -> None:
        members = Membership.objects.filter(segment=self.segment, is_member=True).count()
        if abs(members - self.members) > self.members // 1000 + 1:  # the last thirty days have moved on meanwhile
            raise RuntimeError(f"{members} members, where the bare SQL finds {self.members}")

    def tear_down(self) -> None:
        Change.objects.all().delete()  # who entered and left
