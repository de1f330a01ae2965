"""Retention beside everything else: two workers at one run, visitors who say who they are, and hits that come meanwhile."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from config import pipeline
from contacts import consent
from contacts.models import Purpose, RetentionRun
from contacts.privacy.retention import runs
from scoring import reconciliation
from scoring.models import PointEntry, Repeat
from tests.factories import ContactFactory
from tests.scoring.conftest import happen, subject
from tests.threads import at_once
from tracking import inbox
from tracking import retention as tracking_retention
from tracking import retention_sql as sql
from tracking.models import DayCount, Event, Kind, Visitor

pytestmark = pytest.mark.django_db(transaction=True)
VISITORS = 30


NOON = (timezone.localtime() - timedelta(days=700)).replace(hour=12)


@pytest.fixture
def visits(publish):
    """Of some browsers, three each, on one old day; a download is worth five points."""
    publish(5, repeat=Repeat.ALWAYS)
    asset = subject("guide")
    inbox.ensure_months("tracking_event", [NOON.date().replace(day=1)])
    browsers = [Visitor.objects.create(last_seen_at=timezone.now()).pk for _number in range(VISITORS)]
    for browser in browsers:
        for minute in range(3):
            Event.objects.create(
                kind=Kind.ASSET_DOWNLOADED, subject=asset, visitor_id=browser, at=NOON + timedelta(minutes=minute)
            )
    return browsers


@pytest.fixture
def small_steps(monkeypatch, visits):
    """Somebody we know was there too, so that the month does not go whole."""
    monkeypatch.setattr(tracking_retention, "BATCH", 7)
    Event.objects.create(kind=Kind.PAGE_VISITED, at=NOON, contact=ContactFactory())


def wrong():
    return [finding for _count, found in reconciliation.findings() for finding in found]


def test_workers_at_one_run_count_everything_once(visits, small_steps):
    run = runs.ask()

    at_once(lambda number: runs.carry(run.pk))
    while runs.carry(run.pk):
        pass

    assert RetentionRun.objects.get().counts == {"anonymous_events": 3 * VISITORS}
    assert list(DayCount.objects.values_list("times", "people")) == [(3 * VISITORS, VISITORS)]
    assert Event.objects.filter(kind=Kind.ASSET_DOWNLOADED).count() == 0


def test_two_who_ask_at_once_get_one_run():
    found = []
    at_once(lambda number: found.append(runs.ask().pk))
    assert len(set(found)) == 1


def test_what_a_visitor_did_is_theirs_or_gone_never_both(visits, small_steps):
    people = [ContactFactory() for _browser in visits]
    for contact, browser in zip(people, visits, strict=True):
        for purpose in Purpose:
            consent.give(contact, purpose)
        happen(contact, Kind.IDENTIFIED, None, visitor_id=browser, data={"email": contact.email, "trusted": True})
    run = runs.ask()

    def work(number):
        if number % 2:
            runs.carry(run.pk)
        else:
            pipeline.drain(3)

    at_once(work)
    while runs.carry(run.pk):
        pass
    pipeline.drain()

    claimed = Event.objects.filter(kind=Kind.ASSET_DOWNLOADED, contact__isnull=False).count()
    counted = sum(DayCount.objects.values_list("times", flat=True))
    assert claimed + counted == 3 * VISITORS
    assert Event.objects.filter(contact=None, kind=Kind.ASSET_DOWNLOADED).count() == 0
    assert sum(PointEntry.objects.values_list("credited", flat=True)) == claimed
    assert wrong() == []


def test_a_month_that_is_in_use_is_not_waited_for(visits):
    """Somebody reads old events in a long transaction: the month stays for now, and its visits go one by one."""
    ready, over = threading.Event(), threading.Event()
    names = {month.name for month in sql.months()}

    def work(number):
        if number:
            assert ready.wait(30)
            runs.carry(runs.ask().pk)
            over.set()
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tracking_event")
            ready.set()
            assert over.wait(60)

    at_once(work, 2)

    assert RetentionRun.objects.get().counts == {"anonymous_events": 3 * VISITORS}
    assert {month.name for month in sql.months()} == names
