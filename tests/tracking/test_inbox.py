"""The inbox: nothing counts twice, nothing gets lost, and what cannot be kept holds nothing up."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection

from config import pipeline
from contacts.models import Change
from scoring.models import ContactScore, PointEntry, Repeat
from tests.factories import SubjectFactory
from tests.scoring.conftest import happen
from tests.threads import together
from tests.tracking.visiting import AT, owners, visit
from tracking import hits, inbox, subjects
from tracking.models import Event, Hit, Kind, Receipt, Subject

pytestmark = pytest.mark.django_db


def test_a_key_received_twice_counts_once_in_one_batch_and_in_two(ada, publish):
    publish(5, repeat=Repeat.ALWAYS)
    guide = SubjectFactory(type="asset")
    key = uuid4()
    for _ in range(2):
        happen(ada, Kind.ASSET_DOWNLOADED, guide, AT, key=key)
    pipeline.drain()
    happen(ada, Kind.ASSET_DOWNLOADED, guide, AT, key=key)
    pipeline.drain()

    assert Event.objects.filter(key=key).count() == Receipt.objects.filter(key=key).count() == 1
    assert ContactScore.objects.get(group=None).score == 5


@pytest.mark.django_db(transaction=True)
def test_a_key_received_while_its_first_hit_is_in_flight_counts_once(ada, publish):
    publish(5, repeat=Repeat.ALWAYS)
    guide = SubjectFactory(type="asset")
    keys = [UUID(int=number + 1) for number in range(30)]

    def send_and_score():
        for key in keys:
            happen(ada, Kind.ASSET_DOWNLOADED, guide, AT, key=key)
        pipeline.drain(limit=7)

    together(*[send_and_score] * 3)
    pipeline.drain()

    assert sorted(Event.objects.filter(key__isnull=False).values_list("key", flat=True)) == keys
    assert ContactScore.objects.get(group=None).score == 5 * 30


def test_a_poisoned_hit_is_parked_and_the_other_99_go_on(ada, publish, monkeypatch, caplog):
    publish(5, repeat=Repeat.ALWAYS)
    guide, poison = SubjectFactory(type="asset"), SubjectFactory(type="asset")
    for number in range(100):
        happen(ada, Kind.ASSET_DOWNLOADED, poison if number == 63 else guide, AT, data={"number": number})
    find = inbox._abouts

    def break_at_63(hits):
        if any(hit.subject_id == poison.pk for hit in hits):
            raise ValueError("a \x00 poisoned \udc80 hit")
        return find(hits)

    monkeypatch.setattr(inbox, "_abouts", break_at_63)
    pipeline.drain()

    [parked] = Hit.objects.all()
    assert parked.data == {"number": 63}
    assert parked.parked_at is not None
    assert "ValueError" in parked.error
    assert "_resolve" in parked.error
    assert ContactScore.objects.get(group=None).score == 5 * 99

    monkeypatch.undo()
    assert inbox.waiting(10) == []
    assert hits.retry(Hit.objects.all()) == 1
    pipeline.drain()
    assert ContactScore.objects.get(group=None).score == 5 * 100


def test_an_address_longer_than_an_index_entry_is_a_page_like_any_other():
    """Four bytes a character, and nothing to compress: 4000 bytes, where PostgreSQL takes 2704."""
    astral = "".join(chr(0x10000 + number * 7919 % 0x90000) for number in range(1500))
    visit(path=f"/{astral}a")
    visit(path="/after")
    pipeline.drain()

    assert not Hit.objects.exists()
    assert sorted(len(path) for path in Subject.objects.values_list("path", flat=True)) == [6, 1000]


def test_what_the_database_cannot_hold_is_parked_and_the_rest_goes_on(monkeypatch):
    """Django calls it an OperationalError, like a database that is away; waiting would stop everybody for ever."""
    monkeypatch.setattr(subjects, "key", str)
    visit(path="/" + "".join(chr(0x10000 + number * 7919 % 0x90000) for number in range(990)))
    visit(path="/after")
    pipeline.drain()

    [parked] = Hit.objects.all()
    assert "ProgramLimitExceeded" in parked.error
    assert Event.objects.count() == 1


def test_batches_that_touch_nobody_do_not_stop_the_walk():
    for number in range(5):
        visit(path=f"/{number}", visitor=None)
    pipeline.drain(limit=2)

    assert (Hit.objects.count(), Event.objects.count()) == (0, 5)


def test_batches_of_what_was_received_before_or_is_gone_do_not_stop_the_walk(ada, bob):
    keys = [visit() for _ in range(3)]
    pipeline.drain()
    for key in keys:
        visit(key=key)
    visit()
    gone = bob.pk
    bob.delete()
    Change.objects.bulk_create(
        [Change(contact_id=gone, kind="updated", at=AT) for _ in range(3)]
        + [Change(contact_id=ada.pk, kind="updated", at=AT)]
    )
    pipeline.drain(limit=1)

    assert (Hit.objects.count(), Change.objects.count()) == (0, 0)
    assert Event.objects.filter(kind=Kind.PAGE_VISITED).count() == 4
    assert owners(Kind.CONTACT_CHANGED) == ["ada@example.com"]


def test_the_months_of_exactly_the_hits_taken_get_their_partitions(ada, publish):
    publish(5, repeat=Repeat.DAILY, since=datetime(2001, 1, 1, tzinfo=UTC))
    guide = SubjectFactory(type="asset")
    for year in (2003, 2009, 2014):
        happen(ada, Kind.ASSET_DOWNLOADED, guide, AT.replace(year=year))
    ids = inbox.waiting(2)

    assert [month.year for month in inbox.waiting_months(ids[1:], 0)] == [2009] * 3
    pipeline.drain(limit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM tracking_event_default UNION ALL SELECT count(*) FROM scoring_pointentry_default"
        )
        assert cursor.fetchall() == [(0,), (0,)]
    assert PointEntry.objects.count() == 3
