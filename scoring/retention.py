"""Scoring's side of retention: what no rule counts may go, and scoring waits while something does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from contacts import clock
from contacts.filters import filters
from contacts.privacy.retention import Due, Kind, Mark, Step, holders, kinds, policies
from scoring import scores, sql
from scoring.models import BackTest, Edit, Leaderboard
from scoring.sql import retention as retention_sql
from scoring.sql.retention import Idle
from tracking import statistics
from tracking.retention import HELD, but_for_tests
from tracking.segment_filters import BehaviourFilter


@kinds.register
class IdleEvents(Kind):
    """Of what contacts did only this can go. All else is what points are made of, or may be asked about.

    No version of any rule counts it, so no line is made of it; verdicts near it are settled, so none changes; and each contact's
    latest stays, so that who has done nothing lately is known.
    """

    key = "idle_events"
    position = 12
    label = _("Visits, opens and clicks of contacts that no rule counts")
    becomes = _(
        "Deleted, once their details are gone: what no rule has ever counted, of kinds that no segment, trigger, campaign or "
        "leaderboard asks about, but for the latest of each contact. No score changes. Rules published later for the past, and "
        "new conditions, do not find it; statistics keep counts of days."
    )
    usual = 24

    def before(self, length: int, now: datetime) -> datetime:
        """Not before its details: only what is settled can go without a trace."""
        details = policies.lengths()["event_details"]
        if details is None:
            return clock.EARLIEST
        return but_for_tests(min(super().before(length, now), kinds["event_details"].before(details, now)))

    def count(self, due: Due, most: int | None = None) -> int:
        return retention_sql.count_idle(self._idle(due), most)

    def step(self, due: Due, mark: Mark) -> Step:
        if not mark:
            statistics.note_results(due.before)
        idle = self._idle(due)
        contacts = retention_sql.pick_idle(idle, mark.get("after", 0), HELD)
        if not contacts:
            return Step()
        holders.hold(contacts)
        return Step(retention_sql.delete_idle(idle, contacts), {"after": contacts[-1]})

    def _idle(self, due: Due) -> Idle:
        named = holders.filters()
        asked = {one.kind for one in filters if isinstance(one, BehaviourFilter) and one.key in named}
        return Idle(due.since or clock.EARLIEST, due.before, sorted(asked))


def _hold(contact_ids: Sequence[int]) -> None:
    """As a batch holds them: whoever judges what they did, or counts it, holds the same rows."""
    sql.share_rules()
    scores.lock(contact_ids)


holders.of_contacts.append(_hold)
holders.of_all.append(sql.own_rules)
holders.conditions.append(lambda: Leaderboard.objects.values_list("conditions", flat=True))
holders.conditions.append(lambda: BackTest.objects.values_list("conditions", flat=True))
holders.conditions.append(lambda: Edit.objects.filter(publication__published_at=None).values_list("after", flat=True))
