"""Events of nobody go, and statistics keep their counts."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import (
    AssetFactory,
    ContactFactory,
    FormFactory,
    LandingPageFactory,
)
from tests.retention.decided import OLD, ago, apply, event, world_of_visits
from tests.scoring.conftest import subject
from tracking import retention as tracking_retention
from tracking import retention_sql as sql
from tracking import statistics, subjects
from tracking.models import (
    DayCount,
    Event,
    PageTest,
    PageVariant,
)
from tracking.models import Kind as EventKind

pytestmark = pytest.mark.django_db


def test_old_visits_of_nobody_go_and_their_counts_stay():
    page = LandingPageFactory()
    about, day = world_of_visits(page)
    whole = statistics.Span(timezone.localdate() - timedelta(days=720), timezone.localdate())
    before = statistics.of_landing_page(page, whole)

    assert apply() == {"anonymous_events": 11}

    assert Event.objects.filter(contact=None).count() == 5
    assert Event.objects.filter(contact__isnull=False).count() == 1
    counted = DayCount.objects.values_list("subject", "kind", "day", "times", "machines", "people", "nameless")
    assert list(counted) == [(about.pk, EventKind.LANDING_PAGE_VISITED, day, 8, 2, 2, 2)]
    after = statistics.of_landing_page(page, whole)
    figures = [(figure.label, figure.value) for figure in after.figures[:2]]
    assert figures == [("Visits", "13"), ("People", "5")]  # two browsers of two days, and the contact
    assert [(f.label, f.value) for f in before.figures[:2]] == [("Visits", "13"), ("People", "3")]
    assert after.days == before.days
    assert (after.figures[-1].value, before.figures[-1].value) == ("3", "3")
    assert any("counts of days only" in note for note in after.notes)
    assert not any("counts of days only" in note for note in before.notes)
    assert not any("counts of days only" in note for note in statistics.of_landing_page(page, statistics.span()).notes)
    assert apply() == {}


def test_a_day_of_many_goes_in_several_steps_and_counts_each_browser_once(monkeypatch):
    monkeypatch.setattr(tracking_retention, "BATCH", 3)
    page = LandingPageFactory()
    world_of_visits(page)

    assert apply() == {"anonymous_events": 11}
    assert list(DayCount.objects.values_list("times", "machines", "people", "nameless")) == [(8, 2, 2, 2)]


def test_a_month_of_nobody_is_dropped_whole_and_can_come_back():
    page = LandingPageFactory()
    about = subjects.register(page.subject_type, page.pk, str(page))
    at, visitor = datetime(2001, 5, 10, 12, tzinfo=UTC), uuid.uuid4()
    for hours in (0, 1, 30):
        event(at + timedelta(hours=hours), kind=EventKind.LANDING_PAGE_VISITED, subject=about, visitor_id=visitor)
    event(datetime(2001, 6, 10, tzinfo=UTC), contact=ContactFactory())
    names = {month.name for month in sql.months()}
    assert {"tracking_event_200105", "tracking_event_200106"} <= names

    assert apply() == {"anonymous_events": 3}

    left = {month.name for month in sql.months()}
    assert ("tracking_event_200105" in left, "tracking_event_200106" in left) == (False, True)
    assert list(DayCount.objects.order_by("day").values_list("day", "times", "people")) == [
        (at.date(), 2, 1),
        (at.date() + timedelta(days=1), 1, 1),
    ]
    event(at, contact=ContactFactory())
    assert Event.objects.count() == 2


def test_the_statistics_of_a_form_an_asset_an_email_and_a_link_keep_their_counts():
    form, asset = FormFactory(), AssetFactory()
    day = timezone.localtime(ago(**OLD)).replace(hour=12)
    for row, kind in ((form, EventKind.FORM_SUBMITTED), (asset, EventKind.ASSET_DOWNLOADED)):
        about = subjects.register(row.subject_type, row.pk, str(row))
        event(day, kind=kind, subject=about, visitor_id=uuid.uuid4())
    email = subject("7", type="email")
    for kind in (EventKind.EMAIL_SENT, EventKind.EMAIL_OPENED):  # of somebody who was erased
        event(day, kind=kind, subject=email, visitor_id=uuid.uuid4())
    span = statistics.Span(day.date(), day.date())

    def told():
        reports = statistics.of_form(form, span), statistics.of_asset(asset, span), statistics.of_email(7, span)
        return [[(str(figure.label), figure.value) for figure in report.figures] for report in reports]

    before = told()
    assert before[2][:2] == [("Sent", "1"), ("Opened", "1 (100.0%)")]
    assert apply() == {"anonymous_events": 4}
    assert told() == before


def test_what_variants_came_to_is_noted_before_their_visits_go():
    form = FormFactory()
    page = LandingPageFactory(form=form)
    about = subjects.register(page.subject_type, page.pk, str(page))
    test = PageTest.objects.create(page=page, name="Colour")
    for letter in "AB":
        PageVariant.objects.create(test=test, letter=letter)
    PageTest.objects.filter(pk=test.pk).update(started_at=ago(days=710))
    for letter in "AAB":
        event(
            ago(**OLD), kind=EventKind.LANDING_PAGE_VISITED, subject=about, visitor_id=uuid.uuid4(),
            data={"test": test.pk, "variant": letter},
        )  # fmt: skip
    assert apply() == {}  # it still runs

    PageTest.objects.filter(pk=test.pk).update(ended_at=ago(days=690))
    assert apply() == {"anonymous_events": 3}

    test.refresh_from_db()
    assert [(variant.letter, tally.visitors) for variant, tally in statistics.tallies(test)] == [("A", 2), ("B", 1)]
