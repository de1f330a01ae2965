"""Several workers to one walk: each holds a range, whoever dies leaves it to the others, and nobody is seen to twice."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.models import F

from campaigns.models import Firing
from config import pipeline
from contacts import consent_policies
from contacts.models import Purpose
from scoring import ledger, publications, ranges, rules, scores, sql, sweeps, terms
from scoring.models import PointAction, PointEntry, Publication, Repeat, Sweep, SweepContact, SweepRange
from scoring.publishing.actions import state_of
from tests.cases import THOROUGH
from tests.crashing import crashing_workers
from tests.factories import ContactFactory, TriggerFactory
from tests.scoring.conftest import download, lines, score, subject
from tests.threads import together

concurrent = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def action(publish):
    return publish(5, repeat=Repeat.ONCE_PER_OBJECT)


@pytest.fixture
def people(action):
    """Nine people who took the same guide twice: 5 points each."""
    return have_downloaded(9)


def have_downloaded(count):
    guide, found = subject("guide"), [ContactFactory() for _ in range(count)]
    for contact in found:
        download(contact, guide, AT)
        download(contact, guide, AT)
    pipeline.drain()
    return found


def owe(action, **changes):
    """Publish a change of the action for the past, and leave the walk that it owes undone."""
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(PointAction.objects.get(pk=action.pk)) | changes)
    return publications.publish(draft, Publication.Scope.PAST)


class AnotherWorker:
    """Holds the next range of a walk, on a connection of its own, until it `dies`."""

    def __init__(self, size):
        self.size, self.held, self.over = size, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold)
        self.thread.start()
        assert self.held.wait(30)

    def _hold(self):
        try:
            with transaction.atomic():
                sql.share_rules()
                sweep, ids = sweeps.next_range(self.size)
                self.ids = ranges.take(sweep, ids)
                self.held.set()
                self.over.wait(30)
                transaction.set_rollback(True)
        finally:
            connection.close()

    def dies(self):
        self.over.set()
        self.thread.join()


def reached(people):
    return [score(contact) for contact in people]


def begun(size):
    """Cut the walk into ranges, which the first worker that comes to it does."""
    with transaction.atomic():
        sweeps.next_range(size)


@concurrent
def test_a_worker_walks_on_beside_another_and_takes_over_what_it_leaves_when_it_dies(action, people):
    sweep = owe(action, repeat=Repeat.ALWAYS)
    begun(3)
    other = AnotherWorker(3)

    pipeline.drain(limit=3)
    sweep.refresh_from_db()
    assert other.ids == [contact.pk for contact in people[:3]]
    assert (sweep.seen, sweep.total, sweep.finished_at) == (6, 9, None)
    other.dies()
    assert reached(people) == [5] * 3 + [10] * 6

    pipeline.drain(limit=3)
    sweep.refresh_from_db()
    assert (sweep.seen, sweep.finished_at is None, SweepRange.objects.count()) == (9, False, 0)
    assert (reached(people), sql.differences()) == ([10] * 9, [])


@concurrent
def test_who_is_between_those_already_seen_is_brought_up_to_date_by_what_happens_to_them(action, people):
    sweep = owe(action, repeat=Repeat.ALWAYS)
    begun(3)
    other = AnotherWorker(3)
    assert pipeline._sweep(3) == 3  # the second range
    other.dies()

    with transaction.atomic():
        ids = scores.lock([contact.pk for contact in people])
        ((owed, moved, _contacts),) = sweeps.catch_up(ids)
    assert owed == sweep
    assert {movement.contact_id for movement in moved} == {contact.pk for contact in people[:3] + people[6:]}
    assert reached(people) == [10] * 9
    pipeline.drain(limit=3)
    assert (reached(people), sql.differences()) == ([10] * 9, [])
    assert Sweep.objects.get(pk=sweep.pk).seen == 9


@concurrent
def test_what_is_cancelled_while_a_worker_holds_a_range_is_over_for_all(action, people):
    owe(action, repeat=Repeat.ALWAYS)
    publication = Publication.objects.latest("pk")
    begun(3)
    other = AnotherWorker(3)
    pipeline._sweep(3)
    other.dies()

    publications.rollback(publication)
    assert SweepRange.objects.count() == SweepContact.objects.count() == 0
    pipeline.drain(limit=2)
    assert (reached(people), sql.differences()) == ([5] * 9, [])
    assert {line[4] for contact in people for line in lines(contact)} == {2}


@concurrent
def test_a_walk_of_everybody_comes_to_who_is_new_meanwhile(publish, people, engagement):
    terms.publish(engagement, {"weight": 2})
    begun(4)
    assert SweepRange.objects.count() == 3
    late = ContactFactory()
    pipeline.drain(limit=4)

    sweep = Sweep.objects.latest("pk")
    assert (sweep.seen, sweep.total) == (10, 9)
    assert (reached(people), score(late)) == ([10] * 9, 0)


@concurrent
def test_ranges_are_few_however_many_contacts_and_as_long_as_a_batch_or_several(action, people, monkeypatch):
    owe(action, repeat=Repeat.ALWAYS)
    monkeypatch.setattr(ranges, "AT_MOST", 3)
    begun(1)

    found = list(SweepRange.objects.order_by("end_id").values_list("next_id", "end_id"))
    assert found == [(0, people[3].pk), (people[3].pk, people[6].pk), (people[6].pk, sql.END_OF_IDS)]


@concurrent
def test_what_three_workers_cross_is_held_once_each(action, people):
    trigger = TriggerFactory(threshold=8)
    pipeline.drain()
    sweep = owe(action, repeat=Repeat.ALWAYS)

    assert together(*[lambda: pipeline.drain(limit=1)] * 3) == [None] * 3
    pipeline.drain(limit=1)
    assert Sweep.objects.get(pk=sweep.pk).seen == 9
    firings = Firing.objects.values_list("trigger", "contact", "cycle", "state").order_by("contact")
    assert list(firings) == [(trigger.pk, contact.pk, 1, "held") for contact in people]


@concurrent
def test_walks_come_into_sight_in_the_order_of_their_numbers_whoever_owes_them(people, engagement):
    """Who was brought up to date with one is noted to be so with all before."""
    decided, over = threading.Event(), threading.Event()

    def ask_for_consent():
        with transaction.atomic():
            consent_policies.decide(Purpose.PROFILING, True)
            decided.set()
            over.wait(1)

    def go_on_meanwhile():
        assert decided.wait(30)
        terms.publish(engagement, {"weight": 2})
        ledger.adjust(people[0].pk, engagement.pk, 1, note="fair")
        pipeline.advance()
        over.set()

    together(ask_for_consent, go_on_meanwhile)
    pipeline.drain()
    assert (reached(people), sql.differences()) == ([0] * 9, [])


@pytest.mark.slow
@concurrent
def test_workers_killed_in_the_middle_of_walks_lose_and_double_nothing(action):
    people = have_downloaded(400)
    guide = subject("another guide")
    with crashing_workers() as kills:
        for turn in range(12 if THOROUGH else 4):
            change = {"points": 6 + turn} if turn % 3 else {"repeat": (Repeat.ALWAYS, Repeat.ONCE_PER_OBJECT)[turn % 2]}
            sweep = owe(action, **change)
            time.sleep(0.2)
            for contact in people[turn::40]:  # while it goes on
                download(contact, guide, AT)
            if turn % 4 == 2:
                publications.rollback(Publication.objects.latest("pk"))
            begun, seen = time.monotonic(), 0
            while Sweep.objects.filter(finished_at=None).exists():
                now = Sweep.objects.get(pk=sweep.pk).seen
                assert now >= seen
                seen = now
                if time.monotonic() > begun + 10:  # a busy machine lets none of them live long enough
                    pipeline.drain()
                assert time.monotonic() < begun + 120
                time.sleep(0.05)

    assert min(kills) >= 5
    walked = Sweep.objects.exclude(publication__state=Publication.State.ROLLED_BACK)
    assert list(walked.exclude(seen=F("total"))) == []
    pipeline.drain()
    assert sql.differences() == []
    with transaction.atomic():
        held = scores.lock([contact.pk for contact in people])
        assert pipeline.ledger.replay(held) == []
        assert sql.revalue(held) == 0
    counted = PointEntry.objects.filter(version__action=action, version__valid_until=rules.END)
    assert counted.values("contact").distinct().count() == 400
