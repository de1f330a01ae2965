"""The curve of the scores shows what the engine says of each of its days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from hypothesis import given

from config import pipeline
from scoring import ledger, rules, terms, valuation
from scoring.decay import CENT
from scoring.explain import curve as curves
from scoring.explain.curve import curve
from scoring.explain.drawing import draw
from scoring.models import CapPeriod, CapUnit, Repeat
from scoring.rulebook import Rulebook
from scoring.sql.curve import adds_up
from tests.cases import cases
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject
from tests.scoring.lives import START, histories, live
from tests.scoring.posting import queries
from tests.scoring.undoing import trying

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def days_ago(days):
    return START - timedelta(days=days)


def simple_rules():
    """The rules in force but for their caps over several occurrences: each day's new hits are added to what was."""
    book = Rulebook.current()
    several = {
        one.action_id
        for one in book.intervals
        if [other.action_id for other in book.intervals].count(one.action_id) > 1
    }
    intervals = tuple(one for one in book.intervals if not one.is_wide and one.action_id not in several)
    simple = replace(book, intervals=intervals, terms=tuple(replace(one, cap_points=None) for one in book.terms))
    assert adds_up(simple.shape)
    return [simple] if intervals else []


@given(history=histories)
@cases(4)
def test_each_day_of_a_curve_is_what_the_engine_says_of_it(history):
    def check():
        with time_machine.travel(START, tick=False) as clock:
            ada = live(history, clock)
            for chosen in (None, Rulebook.current(), *simple_rules()):
                drawn = curve(ada, chosen, looks=1000)
                assert drawn.is_exact
                for dot in drawn.dots[-1::-5]:
                    book = chosen or Rulebook.as_of(dot.at)
                    said = {
                        group: value for (_contact, group), value in valuation.scores(book, [ada.pk], dot.at).items()
                    }
                    assert {key for key in said if said[key]} <= set(dot.values)
                    for group, value in dot.values.items():  # sums of cents are rounded where they are made
                        assert abs(value - said.get(group, 0)) <= CENT * len(dot.values), (dot.at, group)

    trying(check)


def test_it_goes_up_with_what_happens_and_down_as_it_fades_and_expires(now, publish, engagement):
    terms.publish(engagement, {"half_life_days": 10})
    ada = ContactFactory(created_at=days_ago(60))
    publish(40, expires_after_days=15)
    download(ada, subject("guide"), days_ago(20))
    pipeline.drain()
    dots = curve(ada, Rulebook.current()).dots

    assert [float(dot.values.get(None, 0)) for dot in dots if dot.at.date() >= days_ago(21).date()][:18] == [
        0, 40, 37.32, 34.82, 32.49, 30.31, 28.28, 26.39, 24.62, 22.97, 21.44, 20, 18.66, 17.41, 16.25, 15.16, 0, 0,
    ]  # fmt: skip
    assert (len(dots), dots[-1].at) == (62, START)


def test_it_begins_a_year_ago_or_before_the_first_thing_known(now, publish):
    publish(5)
    old, visitor = ContactFactory(created_at=days_ago(900)), ContactFactory(created_at=days_ago(3))
    download(visitor, subject("guide"), days_ago(10))
    pipeline.drain()

    assert len(curve(old).dots) == 366
    assert [dot.values[None] for dot in curve(visitor, Rulebook.current()).dots[:3]] == [0, 5, 5]


def test_rules_count_from_when_they_came_or_for_all_of_it(now, publish):
    ada = ContactFactory(created_at=days_ago(30))
    download(ada, subject("guide"), days_ago(10))
    action = publish(5)
    pipeline.drain()
    action.points = 8
    action.save()
    rules.put_into_force(action, rules.draft(action, action, None), START, rules.Scope.PAST)
    pipeline.drain()
    now.shift(timedelta(days=1))

    then, today = curve(ada), curve(ada, Rulebook.current())
    assert [drawn.at(days_ago(2)) for drawn in (then, today)] == [5, 8]
    assert [drawn.at(START) for drawn in (then, today)] == [8, 8]
    assert today.at(days_ago(11)) == 0


@pytest.mark.parametrize(("weight", "is_apart"), [(1, False), (0, True), (2, True)])
def test_the_only_group_has_a_line_of_its_own_unless_it_is_the_overall_score(
    now, publish, engagement, weight, is_apart
):
    terms.publish(engagement, {"weight": weight})
    ada = ContactFactory(created_at=days_ago(30))
    publish(5)
    download(ada, subject("guide"), days_ago(10))
    pipeline.drain()

    drawing = draw(curve(ada, Rulebook.current()), [engagement])
    assert [track.key for track in drawing.tracks] == [engagement.pk] * is_apart + [None]


def test_what_costs_too_much_is_drawn_through_some_of_the_days(now, publish, monkeypatch):
    monkeypatch.setattr(curves, "BUDGET", 20)
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=100, cap_unit=CapUnit.CREDITS, cap_period=CapPeriod.EVER)
    ada = ContactFactory(created_at=days_ago(30))
    for days in range(10):
        download(ada, subject(f"{days}"), days_ago(days))
    pipeline.drain()
    drawn = curve(ada)

    assert not drawn.is_exact
    assert drawn.dots[-1].values[None] == 50


def test_it_takes_as_many_queries_for_a_long_history_as_for_a_short_one(now, publish, engagement):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    ada, counts = ContactFactory(created_at=days_ago(30)), []
    for number in (1, 5, 9):
        download(ada, subject(f"{number}"), days_ago(number))
        ledger.adjust(ada.pk, engagement.pk, 1, note="x")
        pipeline.drain()
        counts.append(queries(lambda: curve(ada, Rulebook.current())))

    assert counts == [counts[0]] * 3
    assert counts[0] <= 9
    assert curve(ada).dots[-1].values == {engagement.pk: Decimal(18), None: Decimal(18)}
    assert datetime.now(UTC) == START
