"""Versions of rules, and publishing them while others work."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from config import pipeline
from scoring import ledger, matching, rules, scores, sql
from scoring.models import (
    END,
    Match,
    PointAction,
    Repeat,
)
from tests.factories import UserFactory
from tests.scoring.conftest import SINCE, download, happen, lines, score, subject
from tests.scoring.rules.conftest import AT, concurrent
from tests.threads import together
from tracking import inbox
from tracking.models import Kind, Subject

pytestmark = pytest.mark.django_db


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
