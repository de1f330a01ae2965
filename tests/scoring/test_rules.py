"""Versions of rules, adjustments, and what each unique constraint promises when two do the same at once."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config import pipeline
from contacts.models import Contact
from scoring import ledger, matching, profiles, rules, scores, sql
from scoring.models import (
    END,
    NO_PERIOD,
    Adjustment,
    ContactScore,
    Holding,
    Match,
    PointAction,
    PointActionVersion,
    PointEntry,
    Repeat,
)
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import SINCE, download, happen, lines, score, subject
from tests.threads import together
from tracking import inbox
from tracking.models import Kind, Subject

pytestmark = pytest.mark.django_db
concurrent = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRENCH = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}


@pytest.fixture
def ada(db):
    return ContactFactory(email="ada@example.com", country="FR")


def in_force(action):
    return list(action.versions.filter(valid_until=END).values_list("number", "points"))


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_version_says_who_made_it_when_and_what(publish, engagement):
    author = UserFactory()
    action = publish(5, repeat=Repeat.DAILY)
    action.points, action.name = 9, "Downloads"
    action.save()
    second = rules.publish(action, author=author, since=AT)
    first = action.versions.get(number=1)

    assert (second.number, second.points, second.name, second.author) == (2, 9, "Downloads", author)
    assert (second.kind, second.occurrence_cap, second.repeat, second.group) == (
        Kind.ASSET_DOWNLOADED,
        1,
        "day",
        engagement,
    )
    assert (first.valid_from, first.valid_until) == (SINCE, AT)
    assert (second.valid_from, second.valid_until) == (AT, END)
    assert (first.points, first.author) == (5, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("points", 6),
        ("repeat", Repeat.ALWAYS),
        ("params", {"only": [7]}),
        ("name", "other"),
        ("active_from", AT),
        ("active_until", AT),
        ("source", "webinar_missed"),
    ],
)
def test_any_change_that_matters_makes_a_version(publish, field, value):
    action = publish(5)
    setattr(action, field, value)
    action.save()

    assert rules.publish(action).number == 2
    assert rules.publish(action) is None


def test_a_change_of_the_description_makes_none(publish):
    action = publish(5)
    action.description = "Why we do this"
    action.save()

    assert rules.publish(action) is None


def test_an_inactive_action_ends_its_version_and_gets_a_new_one_when_it_is_back(publish, ada):
    action = publish(5, repeat=Repeat.ALWAYS)
    guide = subject("guide")
    for is_active, at in ((False, AT), (True, AT + timedelta(days=2))):
        action.is_active = is_active
        action.save()
        rules.publish(action, since=at)
    for days in (-1, 1, 3):
        download(ada, guide, AT + timedelta(days=days))
    pipeline.drain()

    assert [line[1] for line in lines(ada)] == [1, 2]
    assert in_force(action) == [(2, 5)]


def test_publishing_an_inactive_action_that_never_was_in_force_does_nothing(publish):
    action = publish(5, is_active=False)

    assert (action.versions.count(), Match.objects.count()) == (0, 0)


def test_archiving_ends_the_version_and_keeps_what_was_paid(publish, ada):
    action = publish(5)
    download(ada, subject("guide"), AT)
    pipeline.drain()
    rules.archive(action)
    action.refresh_from_db()

    assert (in_force(action), action.is_active, score(ada)) == ([], False, 5)
    assert action.archived_at is not None


def test_publishing_puts_into_force_what_is_saved_not_what_somebody_still_holds(publish):
    action = publish(5)
    mine, theirs = (PointAction.objects.get(pk=action.pk) for _ in range(2))
    mine.points, theirs.points = 6, 7
    mine.save()
    theirs.save()
    rules.publish(theirs)
    rules.publish(mine)

    assert in_force(action) == [(2, 7)]


@pytest.mark.parametrize("points", [2**31 - 1, -(2**31)])
def test_very_many_points_many_times_add_up(publish, ada, points):
    publish(points, repeat=Repeat.ALWAYS)
    guide = subject("guide")
    for _ in range(3):
        download(ada, guide, AT)
    pipeline.drain()

    assert score(ada) == 3 * points
    with transaction.atomic():
        assert ledger.replay(scores.lock([ada.pk])) == []
    assert sql.differences() == []


# --- publishing while others work -------------------------------------------------------------------------------------


@concurrent
def test_two_who_publish_at_once_make_two_versions_one_after_the_other(publish):
    action = publish(5)

    def edit(points):
        mine = PointAction.objects.get(pk=action.pk)
        mine.points = points
        mine.save()
        rules.publish(mine)

    together(*[lambda points=points: edit(points) for points in range(10, 18)])

    versions = list(action.versions.order_by("number"))
    assert [version.number for version in versions] == list(range(1, len(versions) + 1))
    assert [a.valid_until for a in versions[:-1]] == [b.valid_from for b in versions[1:]]
    assert in_force(action) == [(len(versions), PointAction.objects.get().points)]


@concurrent
def test_publishing_waits_for_a_batch_in_flight_and_sees_its_new_subject(publish, ada):
    action = publish(5, source="page_visited", since=timezone.now() + timedelta(days=1))
    happen(ada, Kind.PAGE_VISITED, url="https://shop.example/new", visitor_id=UUID(int=1))
    action.points = 6
    action.save()
    publisher = in_thread(lambda: rules.publish(action, since=SINCE + timedelta(days=1)))
    with transaction.atomic():
        sql.share_rules()
        happened = inbox.take(inbox.waiting(10))
        scores.lock(happened.contact_ids)
        matching.resolve_new()
        publisher.start()
        publisher.join(0.3)
        assert publisher.is_alive()
    publisher.join(10)

    assert sorted(Match.objects.values_list("subject__key", "version__number")) == [
        ("shop.example/new", 1),
        ("shop.example/new", 2),
    ]


@concurrent
def test_a_batch_waits_for_who_publishes_and_its_new_subject_is_matched(publish, ada):
    publish(1)
    happen(ada, Kind.PAGE_VISITED, AT and None, AT, url="https://shop.example/new", visitor_id=UUID(int=1))
    worker = in_thread(pipeline.advance)
    with transaction.atomic():
        publish(5, source="page_visited")
        worker.start()
        worker.join(0.3)
        assert worker.is_alive()
        assert not Subject.objects.filter(type=Subject.Type.PAGE).exists()
    worker.join(10)

    assert (Match.objects.get().subject.key, score(ada)) == ("shop.example/new", 5)


def in_thread(job):
    def run():
        try:
            job()
        finally:
            connection.close()

    return threading.Thread(target=run)


# --- adjustments ------------------------------------------------------------------------------------------------------


def test_an_adjustment_moves_the_score_within_a_tick_and_once(ada, engagement, fit):
    author = UserFactory()
    first = ledger.adjust(ada.pk, engagement.pk, 30, note="Met at the fair", author=author)
    ledger.adjust(ada.pk, fit.pk, -4, note="Too small", origin=Adjustment.Origin.CAMPAIGN)
    assert score(ada) is None
    pipeline.drain()
    pipeline.drain()

    assert (score(ada), score(ada, engagement), score(ada, fit)) == (22, 30, -4)
    assert (first.author, first.origin, first.note) == (author, "manual", "Met at the fair")
    assert sql.differences() == []
    assert not Adjustment.objects.filter(applied_at__isnull=True).exists()


def test_an_adjustment_with_the_same_key_is_the_first_one(ada, engagement):
    key = UUID(int=7)
    first = ledger.adjust(ada.pk, engagement.pk, 30, note="once", key=key)
    pipeline.drain()
    again = ledger.adjust(ada.pk, engagement.pk, 99, note="twice", key=key)
    pipeline.drain()

    assert (again.pk, again.points, again.note) == (first.pk, 30, "once")
    assert score(ada) == 30


def test_a_deleted_contact_takes_adjustments_that_wait_along(ada, engagement):
    ledger.adjust(ada.pk, engagement.pk, 30, note="late")
    ada.delete()
    pipeline.drain()

    assert (Adjustment.objects.count(), ContactScore.objects.count()) == (0, 0)


@concurrent
def test_two_pipelines_apply_each_adjustment_once(ada, engagement):
    for number in range(40):
        ledger.adjust(ada.pk, engagement.pk, number + 1, note="many")
    together(*[lambda: pipeline.drain(limit=3)] * 3)
    pipeline.drain()

    assert score(ada) == sum(range(1, 41))
    assert sql.differences() == []


@concurrent
def test_the_key_of_an_adjustment_makes_it_one_whoever_asks(ada, engagement):
    made = together(*[lambda: ledger.adjust(ada.pk, engagement.pk, 30, note="x", key=UUID(int=7)).pk] * 5)

    assert set(made) == {Adjustment.objects.get().pk}


# --- a promise of the database each -----------------------------------------------------------------------------------


def refused(name, make):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make()


def test_the_database_refuses_what_must_be_there_once(publish, ada, engagement):
    action = publish(5)
    version = action.versions.get()
    about = subject("guide")
    Match.objects.create(version=version, subject=about, object_id=about.pk)
    Holding.objects.create(contact=ada, version=version, since=AT, until=AT)
    Holding.objects.create(contact=ada, version=version, since=AT)
    ContactScore.objects.create(contact=ada)
    ContactScore.objects.create(contact=ada, group=engagement)
    kept = ledger.adjust(ada.pk, engagement.pk, 1, note="x")
    entry = {
        "contact": ada,
        "action": action,
        "version": version,
        "hits": 1,
        "credited": 1,
        "first_at": AT,
        "last_at": AT,
    }
    PointEntry.objects.create(**entry)

    again = {name: getattr(version, name) for name in ("action", "number", "points", "worth", "group", "valid_from")}
    refused("one_version_per_number", lambda: PointActionVersion.objects.create(**again))
    refused(
        "one_match_per_subject_and_version", lambda: Match.objects.create(version=version, subject=about, object_id=1)
    )
    refused(
        "one_open_holding_per_contact_and_version",
        lambda: Holding.objects.create(contact=ada, version=version, since=AT),
    )
    refused("one_score_per_contact_and_group", lambda: ContactScore.objects.create(contact=ada, group=engagement))
    refused("one_score_per_contact_and_group", lambda: ContactScore.objects.create(contact=ada))
    refused("scoring_pointentry", lambda: PointEntry.objects.create(**entry))
    refused(
        "key",
        lambda: Adjustment.objects.create(contact=ada, group=engagement, points=1, note="y", key=kept.key),
    )
    refused("points_are_not_zero", lambda: PointAction.objects.filter(pk=action.pk).update(points=0))
    refused(
        "active_from_before_until",
        lambda: PointAction.objects.filter(pk=action.pk).update(active_from=AT, active_until=AT),
    )


@concurrent
def test_two_batches_that_meet_the_same_new_subject_match_it_once(publish, ada):
    publish(5, repeat=Repeat.ALWAYS)
    abouts = [subject(str(number)) for number in range(30)]

    def resolve():
        with transaction.atomic():
            sql.share_rules()
            matching.resolve_new()

    together(resolve, resolve, resolve)
    assert sorted(Match.objects.values_list("subject", flat=True)) == [about.pk for about in abouts]
    assert not Subject.objects.filter(resolved_at__isnull=True).exists()


@concurrent
def test_two_batches_about_the_same_occurrence_write_one_line(publish, ada):
    publish(5, repeat=Repeat.ONCE)
    publish(2, repeat=Repeat.ALWAYS)
    guide = subject("guide")
    for _ in range(12):
        download(ada, guide, AT)
    together(*[lambda: pipeline.drain(limit=1)] * 3)
    pipeline.drain()

    assert [(line[0], line[4], line[5]) for line in lines(ada)] == [
        ("asset_downloaded +5", 12, 1),
        ("asset_downloaded +2", 12, 12),
    ]
    assert PointEntry.objects.filter(period=NO_PERIOD).count() == 1
    assert score(ada) == 5 + 24


@concurrent
def test_two_who_look_at_the_same_profile_open_one_interval(publish, ada):
    publish(20, source="profile_matches", params=FRENCH)

    def hold():
        with transaction.atomic():
            sql.share_rules()
            scores.refresh(profiles.hold(scores.lock([ada.pk])))

    together(hold, hold, hold)
    assert Holding.objects.filter(until__isnull=True).count() == PointEntry.objects.count() == 1
    assert score(ada) == 20


@concurrent
def test_two_who_lock_a_contact_without_a_score_make_one_and_take_turns(ada, engagement):
    def add():
        with transaction.atomic():
            assert scores.lock([ada.pk]) == [ada.pk]
            return scores.refresh([scores.Delta(ada.pk, engagement.pk, 1)])

    moves = together(*[add] * 4)

    assert sorted(int(move.before) for moved in moves for move in moved if move.group_id is None) == [0, 1, 2, 3]
    assert (score(ada), score(ada, engagement)) == (4, 4)


@concurrent
def test_many_contacts_locked_in_any_order_never_block_each_other(engagement):
    contacts = [ContactFactory() for _ in range(20)]
    ids = [contact.pk for contact in contacts]

    def add(order):
        with transaction.atomic():
            held = scores.lock(order)
            scores.refresh([scores.Delta(pk, engagement.pk, 1) for pk in held])

    jobs = [lambda order=order: add(order) for order in (ids, ids[::-1], ids[10:] + ids[:10])]
    together(*jobs)
    assert set(ContactScore.objects.values_list("score", flat=True)) == {Decimal(3)}
    assert Contact.objects.count() == 20
