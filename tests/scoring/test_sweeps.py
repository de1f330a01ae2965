"""Walks that are owed: whoever is behind several gets them all at once, whatever comes to them first."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from campaigns.models import Firing
from config import pipeline
from contacts import segments
from contacts.models import Membership
from scoring import ledger, machines, publications, scores, sql, sweeps, terms
from scoring.models import ContactScore, PointGroup, Publication, Repeat, Sweep
from scoring.publishing.actions import state_of
from scoring.sweeps import Plan
from tests.factories import ContactFactory, SegmentFactory, TriggerFactory
from tests.scoring.conftest import download, happen, lines, score, subject
from tests.tracking.sequences import FIREFOX
from tracking.models import Kind, Mark, Subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
Scope = Publication.Scope
update = segments.update


@pytest.fixture
def action(publish, ada):
    """5 points for each guide; Ada downloaded one of them three times, on three days."""
    made = publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    for days in range(3):
        download(ada, guide(), AT + timedelta(days=days))
    pipeline.drain()
    return made


def guide():
    return Subject.objects.filter(name="guide").first() or subject("guide")


def owe(action, **changes):
    """Publish a change of the action for the past, and leave the walk that it owes undone."""
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | changes)
    return publications.publish(draft, Scope.PAST)


def come_to(sweep, contact):
    with transaction.atomic():
        return [brought[:2] for brought in sweeps.catch_up(scores.lock([contact.pk]))]


def test_a_hit_that_comes_before_a_recount_is_counted_once(action, ada):
    owe(action, repeat=Repeat.ALWAYS)
    download(ada, guide(), AT)
    pipeline._take_hits(pipeline.inbox.waiting(10))

    assert sum(line[4] for line in lines(ada)) == 4
    assert score(ada) == 20
    assert ledger.replay(scores.lock([ada.pk])) == []
    pipeline.drain()
    assert (score(ada), sql.differences()) == (20, [])


def test_a_walk_that_is_overtaken_by_a_later_one_leaves_nothing_undone(action, engagement, ada):
    first = owe(action, repeat=Repeat.ALWAYS)
    second = terms.publish(engagement, {"weight": 2})

    assert come_to(second, ada) != []
    assert come_to(first, ada) == []
    assert (score(ada), score(ada, engagement)) == (30, 15)
    pipeline.drain()
    assert (score(ada), sql.differences(), Sweep.objects.filter(finished_at=None).count()) == (30, [], 0)


def test_whom_a_walk_has_passed_it_does_not_come_back_to(action, ada):
    bob = ContactFactory()
    download(bob, guide(), AT)
    pipeline.drain()
    sweep = owe(action, points=7)

    assert pipeline._sweep(1) == 1
    assert (score(ada), score(bob)) == (7, 5)
    assert come_to(sweep, ada) == []
    download(ada, subject("checklist"), AT)
    pipeline._take_hits(pipeline.inbox.waiting(10))
    assert (score(ada), score(bob)) == (14, 5)
    pipeline.drain()
    assert (score(ada), score(bob), sql.differences()) == (14, 7, [])


def test_whom_a_walk_has_passed_a_later_one_still_comes_to(action, engagement, ada):
    ContactFactory()
    owe(action, points=7)
    assert pipeline._sweep(1) == 1
    second = terms.publish(engagement, {"weight": 2})

    ((sweep, moved),) = come_to(second, ada)
    assert sweep == second
    assert [(m.group_id, m.before, m.after) for m in moved] == [(None, 7, 14)]
    pipeline.drain()
    assert (score(ada), score(ada, engagement), sql.differences()) == (14, 7, [])


def test_new_prices_owed_after_new_terms_are_counted_once(action, engagement, ada):
    terms.publish(engagement, {"weight": 2})
    owe(action, points=7)
    download(ada, subject("checklist"), AT)
    pipeline.drain()

    assert (score(ada), score(ada, engagement)) == (28, 14)
    assert sql.differences() == []


def test_what_two_changes_of_terms_move_is_told_once_from_what_it_was(action, engagement, ada):
    terms.publish(engagement, {"ceiling": 0})
    terms.publish(engagement, {"ceiling": 3, "half_life_days": 5000})
    newest = terms.publish_overall(0, 2)

    ((sweep, moved),) = come_to(newest, ada)
    assert sweep == newest
    assert {m.group_id: (m.before, m.after) for m in moved} == {engagement.pk: (5, 3), None: (5, 2)}


def test_a_crossing_of_a_way_there_and_back_is_none(action, engagement, ada):
    high = TriggerFactory(threshold=20)
    pipeline.drain()
    terms.publish(engagement, {"weight": 9})
    terms.publish(engagement, {"weight": 1})
    pipeline.drain()
    assert not Firing.objects.exists()

    terms.publish(engagement, {"weight": 4})
    pipeline.drain()
    assert list(Firing.objects.values_list("trigger", "contact", "state")) == [(high.pk, ada.pk, "held")]


def test_the_walk_of_a_day_brings_who_is_behind_up_to_date_first(action, engagement, ada):
    terms.publish(engagement, {"weight": 2})
    day = Sweep.objects.create(day=AT.date(), plan={"profiles": True})

    ((sweep, moved),) = come_to(day, ada)
    assert (sweep.day, [(m.before, m.after) for m in moved]) == (None, [(5, 10)])
    with transaction.atomic():
        assert sweeps.bring(day, scores.lock([ada.pk])) == [(day, [], [])]


def test_segments_follow_the_scores_that_a_walk_moves_and_are_asked_about_nobody_else(
    action, engagement, ada, monkeypatch
):
    bob, asked = ContactFactory(), []
    monkeypatch.setattr(segments, "update", lambda ids, **more: asked.append(list(ids)) or update(ids, **more))
    download(bob, guide(), AT)
    pipeline.drain()
    best = SegmentFactory(conditions={"filter": "score", "group": "overall", "op": "at_least", "value": 15})
    asked.clear()
    owe(action, repeat=Repeat.ALWAYS)
    pipeline.drain()
    assert (members(best), asked[0]) == ([ada.pk], [ada.pk])

    asked.clear()
    terms.publish(engagement, {"weight": 3})
    pipeline.drain()
    assert (members(best), asked[0]) == ([ada.pk, bob.pk], [ada.pk, bob.pk])


def test_segments_follow_what_a_mark_for_the_past_makes_of_events_that_earned_nothing(ada):
    download(ada, guide(), AT, ip="198.51.100.0", user_agent=FIREFOX)
    pipeline.drain()
    readers = SegmentFactory(conditions={"filter": "asset_downloaded", "op": "did"})
    segments.rebuild(readers)
    assert members(readers) == [ada.pk]

    machines.mark(Mark(network="198.51.100.0/24"))
    pipeline.drain()
    assert members(readers) == []


def members(segment):
    return list(
        Membership.objects.filter(segment=segment, is_member=True).order_by("contact").values_list("contact", flat=True)
    )


def test_plans_owed_one_after_the_other_come_to_one():
    plans = [
        Plan(actions=[3], was={1: 5, 2: 6}),
        Plan(terms={"old": 1}, was={1: 9}),
        Plan(actions=[1, 3], terms={"old": 2}, profiles=True),
    ]

    assert Plan.together(plans) == Plan([1, 3], {1: 5, 2: 6}, {"old": 1}, profiles=True)
    assert Plan.together([*plans, Plan(actions=None)]).actions is None


def test_who_is_behind_is_known_by_how_far(ada):
    bob, cleo = ContactFactory(), ContactFactory()
    scores.lock([ada.pk, bob.pk, cleo.pk])
    for contact, swept in ((ada, 2), (bob, 7), (cleo, 2)):
        ContactScore.objects.filter(contact=contact, group=None).update(swept=swept)

    everybody = [ada.pk, bob.pk, cleo.pk]
    assert sql.behind(everybody, 7) == {2: [ada.pk, cleo.pk]}
    assert sql.behind(everybody, 8) == {2: [ada.pk, cleo.pk], 7: [bob.pk]}
    assert sql.behind(everybody, 2) == {}


# --- between midnight and the turn of the day ----------------------------------------------------------------------------


@pytest.fixture
def faded(publish, ada):
    """Ada had 10 points yesterday, which halve every day; the day has not been turned yet. A trigger waits at 6, from above."""
    group = PointGroup.objects.create(name="Fading", half_life_days=1)
    publish(10, group=group)
    with time_machine.travel(timezone.now() - timedelta(days=1)):
        download(ada, subject("guide"))
        pipeline.drain()
    ContactScore.objects.update(updated_at=timezone.now() - timedelta(days=1))  # the clock of the database is not ours
    for watched in (group, None):
        TriggerFactory(group=watched, direction="falling", threshold=6, again="rearm")
    return group


def cycles():
    return list(Firing.objects.order_by("trigger").values_list("cycle", "before", "after", "state"))


def test_the_turn_of_the_day_tells_what_faded_through_a_threshold(faded):
    pipeline.advance()
    assert cycles() == [(1, 10, 5, "fired")] * 2


def test_what_a_hit_before_the_turn_of_the_day_has_told_is_not_told_again(faded, publish, ada):
    publish(-1, source="form_submitted", group=faded)
    happen(ada, Kind.FORM_SUBMITTED, subject("contact", Subject.Type.FORM))
    pipeline._take_hits(pipeline.inbox.waiting(10))
    assert cycles() == [(1, 10, 4, "fired")] * 2

    pipeline.advance()
    assert cycles() == [(1, 10, 4, "fired")] * 2


def test_what_a_walk_before_the_turn_of_the_day_has_told_is_not_told_again(faded, ada):
    terms.publish_overall(0, 100)
    pipeline._sweep(10)
    assert cycles() == [(1, 10, 5, "held")] * 2

    pipeline.advance()
    assert cycles() == [(1, 10, 5, "held")] * 2
