"""Hits that arrive together share a commit; a lone one waits for nobody; and nobody waits longer than told."""

import threading
import time
import uuid

import pytest
from django.db import connection, transaction

from contacts import consent, merging
from tests.factories import ContactFactory
from tracking import hits
from tracking.edge.commits import PATIENCE, GroupCommit, Naming
from tracking.edge.keeper import Keeper
from tracking.edge.spool import Spool
from tracking.hits import NewHit
from tracking.models import Hit, Kind

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept_by(tmp_path):
    """A GroupCommit whose line to the database is open."""
    spool = Spool(tmp_path, 1_000_000)
    keeper = Keeper(spool)
    commits = GroupCommit(keeper, spool)
    until(lambda: keeper.line())
    yield commits
    commits.end()
    keeper.end()


def until(true, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def opened(number):
    return hits.rows([NewHit(kind=Kind.EMAIL_OPENED, key=uuid.UUID(int=number), message_id=number)])


class Visitor(threading.Thread):
    def __init__(self, commits, number, naming=None):
        super().__init__()
        self.commits, self.number, self.naming = commits, number, naming
        self.kept = None
        self.start()

    def run(self):
        begun = time.monotonic()
        self.kept = self.commits.keep(opened(self.number), naming=self.naming)
        self.waited = time.monotonic() - begun


def locked(table="tracking_hit"):
    """Nothing can be written to the inbox, or whatever table, nor read from it inside of this block."""
    block = transaction.atomic()
    block.__enter__()
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table}")
    return block


def transactions():
    """How many commits brought what is in the inbox."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text, count(*) FROM tracking_hit GROUP BY 1 ORDER BY min(id)")
        return [count for _xmin, count in cursor.fetchall()]


def test_each_lone_hit_is_there_when_it_is_said_to_be(kept_by):
    for number in range(1, 4):
        assert kept_by.keep(opened(number))
        assert Hit.objects.count() == number
    assert transactions() == [1, 1, 1]


def test_what_arrives_during_a_commit_shares_the_next(kept_by):
    block = locked()
    visitors = [Visitor(kept_by, 1)]
    until(lambda: kept_by._busy)
    visitors += [Visitor(kept_by, number) for number in range(2, 9)]
    until(lambda: len(kept_by._gathering.bells) == 7)
    block.__exit__(None, None, None)
    for visitor in visitors:
        visitor.join(5)

    assert [visitor.kept for visitor in visitors] == [True] * 8
    assert transactions() == [1, 7]
    assert kept_by.keep(opened(9))  # and it is ready for the next
    assert transactions() == [1, 7, 1]


def test_what_the_database_does_not_take_in_time_waits_on_disk_with_all_that_came_meanwhile(kept_by):
    block = locked()
    visitors = [Visitor(kept_by, 1)]
    until(lambda: kept_by._busy)
    visitors += [Visitor(kept_by, number) for number in range(2, 5)]
    for visitor in visitors:
        visitor.join(5)
    waited = [visitor.waited for visitor in visitors]
    block.__exit__(None, None, None)

    assert [visitor.kept for visitor in visitors] == [True] * 4
    assert max(waited) < PATIENCE + 0.5  # and what a busy test machine may add
    until(lambda: Hit.objects.count() == 4, 20)


def test_a_hit_that_meets_too_many_is_refused_at_once(kept_by, monkeypatch):
    monkeypatch.setattr("tracking.edge.commits.BACKLOG", 2)
    block = locked()
    visitors = [Visitor(kept_by, 1)]
    until(lambda: kept_by._busy)
    visitors += [Visitor(kept_by, number) for number in (2, 3)]
    until(lambda: len(kept_by._gathering.bells) == 2)
    assert not kept_by.keep(opened(4))
    block.__exit__(None, None, None)
    for visitor in visitors:
        visitor.join(5)

    assert [visitor.kept for visitor in visitors] == [True] * 3
    assert sorted(Hit.objects.values_list("message_id", flat=True)) == [1, 2, 3]


def test_many_at_once_are_all_kept_and_none_twice(kept_by):
    visitors = [Visitor(kept_by, number) for number in range(1, 101)]
    for visitor in visitors:
        visitor.join(10)

    assert all(visitor.kept for visitor in visitors)
    assert sorted(Hit.objects.values_list("message_id", flat=True)) == list(range(1, 101))
    assert not kept_by._busy


def test_who_asks_while_another_commits_is_answered_with_the_rest_each_for_itself(kept_by):
    somebody, refusing, silent = ContactFactory(), ContactFactory(), ContactFactory()
    merging.merge(somebody.pk, (merged := ContactFactory()).pk)
    consent.give(somebody, "link_tracking")
    consent.withdraw(refusing, "web_tracking")
    asked = [somebody.pk, refusing.pk, silent.pk, merged.pk, 2**62, refusing.pk]
    block = locked()
    visitors = [Visitor(kept_by, 1)]
    until(lambda: kept_by._busy)
    visitors += [Visitor(kept_by, number, Naming(pk)) for number, pk in enumerate(asked, 2)]
    until(lambda: len(kept_by._gathering.namings) == len(asked))
    block.__exit__(None, None, None)
    for visitor in visitors:
        visitor.join(5)

    assert [visitor.kept for visitor in visitors] == [True] * 7
    assert [visitor.naming.is_allowed for visitor in visitors[1:]] == [True, False, True, True, True, False]


def test_nobody_is_named_while_the_database_does_not_say_and_the_hit_is_kept(kept_by):
    block = locked("contacts_consent")
    visitor = Visitor(kept_by, 1, Naming(7))
    visitor.join(5)
    kept = visitor.kept, Hit.objects.count()
    block.__exit__(None, None, None)

    assert kept == (True, 1)
    assert not visitor.naming.is_allowed
    assert visitor.waited < PATIENCE + 0.5
    until(lambda: kept_by.keep(opened(2)) and Hit.objects.filter(message_id=2).exists())
