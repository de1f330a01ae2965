"""What closed days came to is what counting all their events comes to, whatever comes late, turns out or goes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from config import pipeline
from contacts import clock
from scoring import machines
from tests.cases import cases
from tests.factories import ContactFactory, LandingPageFactory
from tests.scoring.undoing import trying
from tracking import daysums, hits, retention_sql, statistics, subjects
from tracking.models import ClosedDay, DayDue, DaySum, Event, Kind, LandingPage, Mark, Subject, Visitor

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
NETWORKS = ("203.0.113.0", "198.51.100.0")
SITES = ("", "https://one.example/a?b=c", "https://two.example/")

visits = st.tuples(
    st.just("visit"), st.integers(0, 45), st.sampled_from(["contact", "visitor", "nobody"]), st.integers(1, 4),
    st.sampled_from(NETWORKS), st.sampled_from(SITES),
)  # fmt: skip
others = st.sampled_from([("count",), ("count",), ("mark", NETWORKS[0]), ("mark", NETWORKS[1]), ("forget", 30)])
stories = st.lists(visits | visits | visits | others, min_size=4, max_size=25)


@pytest.fixture
def now():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def landing_page():
    page = LandingPageFactory(title="Offer", slug="offer")
    return page, subjects.register(Subject.Type.LANDING_PAGE, page.pk, "Offer").pk


def visit(about, days=0, who="visitor", number=1, network=NETWORKS[0], site="", contacts=()):
    hits.record(
        hits.NewHit(
            kind=Kind.LANDING_PAGE_VISITED,
            at=NOW - timedelta(days=days, hours=number),
            subject_id=about,
            contact_id=contacts[number % len(contacts)].pk if who == "contact" else None,
            visitor_id=UUID(int=number) if who == "visitor" else None,
            ip=network,
            data={"referrer": site, "utm": {"source": "mail"}} if site else {},
        )
    )
    pipeline.drain()


def counted(about, monkeypatch, most):
    monkeypatch.setattr(daysums, "EXACT", most)
    days = statistics.span("2026-01-20", "2026-03-20")
    lines, is_about = daysums.lines(about, Kind.LANDING_PAGE_VISITED, days)
    (people,) = (line.people for line in lines if line.sort == "total")
    assert is_about == (most < 0)
    return sorted(
        (line.sort, line.name, line.times, line.machines, line.nameless) for line in lines if line.sort != "url"
    ), people


def same(about, monkeypatch):
    exactly, people = counted(about, monkeypatch, 10**9)
    at_size, about_people = counted(about, monkeypatch, -1)
    assert at_size == exactly
    assert abs(about_people - people) <= 1  # few people leave a sketch that says how many they are


def live(story, monkeypatch):
    _page, about = landing_page()
    contacts = [ContactFactory(), ContactFactory()]
    for number in range(1, 5):
        Visitor.objects.create(pk=UUID(int=number))
    for what, *rest in story:
        if what == "visit":
            visit(about, *rest, contacts=contacts)
        elif what == "count":
            daysums.carry()
            assert not DayDue.objects.exists()
        elif what == "mark" and not Mark.objects.filter(network=f"{rest[0]}/24").exists():
            machines.mark(Mark(network=f"{rest[0]}/24"))
            pipeline.drain()
        elif what == "forget":
            before = NOW - timedelta(days=rest[0])
            daysums.open_again(NOW - timedelta(days=60), before)
            while retention_sql.delete_anonymous(NOW - timedelta(days=60), before, "Europe/Paris", 100):
                pass
        same(about, monkeypatch)
    daysums.carry()
    same(about, monkeypatch)
    closed = Event.objects.filter(
        subject=about, at__lt=clock.midnight(timezone.localdate())
    )  # but for what was forgotten
    assert DaySum.objects.filter(subject=about).exists() == closed.exists()


@given(story=stories)
@example(story=[("visit", 30, "nobody", 1, NETWORKS[0], ""), ("count",), ("forget", 30)])
@cases(quick=8)
def test_closed_days_add_up_to_what_all_events_come_to(story):
    with time_machine.travel(NOW, tick=False), pytest.MonkeyPatch.context() as monkeypatch:
        trying(lambda: live(story, monkeypatch))


def test_what_comes_late_opens_its_day_for_what_it_was_about_alone(now, monkeypatch):
    _page, about = landing_page()
    other = subjects.register(Subject.Type.LANDING_PAGE, 10**6, "Other").pk
    for one in (about, other):
        visit(one, 3)
    daysums.carry()
    visit(about, 3, number=2)

    assert list(DayDue.objects.values_list("subject", flat=True)) == [about]
    assert [
        sum(DaySum.objects.filter(subject=one, sort="total").values_list("times", flat=True)) for one in (about, other)
    ] == [1, 1]
    same(about, monkeypatch)
    daysums.carry()
    assert [
        sum(DaySum.objects.filter(subject=one, sort="total").values_list("times", flat=True)) for one in (about, other)
    ] == [2, 1]


def test_today_is_not_closed_and_yesterday_only_an_hour_after_midnight(monkeypatch):
    with time_machine.travel(
        datetime(2026, 3, 19, 23, 30, tzinfo=UTC), tick=False
    ) as clock:  # half past midnight in Paris
        _page, about = landing_page()
        hits.record(
            hits.NewHit(kind=Kind.LANDING_PAGE_VISITED, subject_id=about, at=clock.shift(0) or datetime.now(UTC))
        )
        pipeline.drain()
        daysums.carry()
        assert str(ClosedDay.objects.latest("day")) == "2026-03-18"
        clock.shift(timedelta(minutes=31))
        daysums.carry()
        assert str(ClosedDay.objects.latest("day")) == "2026-03-19"
        assert not DaySum.objects.filter(subject=about).exists()


def test_counting_again_changes_nothing(now):
    _page, about = landing_page()
    visit(about, 3, site=SITES[1])
    daysums.carry()
    before = list(DaySum.objects.order_by("sort").values_list("sort", "name", "times", "people"))
    ClosedDay.objects.all().delete()
    daysums.carry()

    assert list(DaySum.objects.order_by("sort").values_list("sort", "name", "times", "people")) == before
    assert [row[:3] for row in before] == [("referrer", "one.example", 1), ("total", "", 1), ("utm", "mail", 1)]
    assert daysums.carry() == 0


@pytest.mark.parametrize("people", [1, 50, 2000, 30_000])
def test_a_crowd_is_known_to_about_three_percent(now, people, monkeypatch):
    from contacts.sql import execute

    _page, about = landing_page()
    visit(about, 3)
    execute(
        "INSERT INTO tracking_event (kind, at, visitor_id, subject_id, verdict, data) "
        "SELECT %s, %s - n * interval '1 minute', md5((n %% %s)::text)::uuid, %s, 0, '{}' FROM generate_series(1, %s) n",
        [int(Kind.LANDING_PAGE_VISITED), NOW - timedelta(days=4), people, about, people + people // 2],
    )
    daysums.carry()
    monkeypatch.setattr(daysums, "EXACT", -1)
    count = daysums.together([about], Kind.LANDING_PAGE_VISITED, statistics.span("2025-01-01", "2026-03-20"))

    assert abs(count.people - people - 1) <= max(1, 0.1 * people)
    assert count.is_about
    assert statistics.crowd(count.people, True) == (
        f"about {round(count.people, 2 - len(str(count.people))):,}" if people >= 100 else str(count.people)
    )


def test_the_page_says_that_people_are_counted_about(now, monkeypatch):
    page, about = landing_page()
    for number in (1, 2, 3):
        visit(about, 3, number=number, site=SITES[1])
    daysums.carry()
    monkeypatch.setattr(daysums, "EXACT", 2)
    report = statistics.of_landing_page(LandingPage.objects.get(pk=page.pk), statistics.span())

    assert {str(figure.label): figure.value for figure in report.figures}["People"] == "3"
    assert list(report.tables[0].rows) == [("one.example", 3)]
    assert len(report.notes) == 1
    assert report.notes[0].startswith("So much happened in these days")
