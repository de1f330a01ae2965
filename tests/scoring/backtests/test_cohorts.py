"""Whom a back-test is about, and what they scored then: nothing that came later reaches a score."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from config import pipeline
from scoring import decay, publications, rules, terms, valuation
from scoring.backtests import books, cohorts, running
from scoring.models import Adjustment, BackTestRange, PointAction, Repeat
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from tests.factories import ContactFactory
from tests.scoring.backtests.asking import AFTER, BEFORE, event, finished, found, person, question, submit
from tests.scoring.conftest import download
from tracking.models import Kind

pytestmark = pytest.mark.django_db


# Whom it is about


def test_the_contacts_there_were(demo):
    there, merged = person(), person()
    late = ContactFactory(created_at=question().at + timedelta(seconds=1))
    merged.merged_into = there
    merged.save()

    assert list(cohorts.everybody(question())) == [there]
    assert late.created_at > question().at


def test_whoever_had_converted_before_is_left_out_unless_asked_for(demo):
    ada, bob = person(), person()
    submit(ada, demo, BEFORE)
    submit(ada, demo)
    submit(bob, demo)

    looked = cohorts.look(question(), {}, [ada.pk, bob.pk])
    assert (looked.converted, looked.earlier) == ([True], 1)
    looked = cohorts.look(question(with_earlier=True), {}, [ada.pk, bob.pk])
    assert (looked.converted, looked.earlier) == ([True, True], 0)


def test_conditions_ask_who_contacts_were_on_the_cut_off_date(demo):
    ada, bob = person(country="FR"), person(country="GB")
    ada.country, bob.country = "GB", "FR"
    ada.save()
    bob.save()
    submit(ada, demo)
    french = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}

    looked = cohorts.look(question(conditions=french), {}, [ada.pk, bob.pk])
    assert (looked.converted, looked.earlier) == ([True], 0)


# What they scored then


@pytest.fixture
def world(publish, engagement, demo, guide):
    """Ten points a download; Ada read a guide and converted, Bob did neither."""
    publish(10, repeat=Repeat.ALWAYS)
    ada, bob = person(country="FR"), person()
    download(ada, guide, BEFORE)
    submit(ada, demo)
    pipeline.drain()
    return ada, bob


def test_nothing_that_happens_after_the_cut_off_reaches_a_score(world, engagement, fit, guide):
    ada, bob = world
    french = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    rules.publish(
        PointAction.objects.create(name="French", source="profile_matches", params=french, points=3, group=fit)
    )
    Adjustment.objects.create(contact=bob, group=engagement, points=2, note="met at a fair", at=BEFORE)
    pipeline.drain()
    before = found(question(), ada, bob)
    assert before == ([True, False], {"today": [16.0, 2.0]})

    for contact in (ada, bob):
        download(contact, guide, AFTER)
        Adjustment.objects.create(contact=contact, group=engagement, points=50, note="too late", at=AFTER)
        contact.country = "GB" if contact == ada else "FR"
        contact.save()
    pipeline.drain()
    assert found(question(), ada, bob) == before


def test_todays_rules_are_tried_as_if_they_had_always_been_there(world, engagement, guide):
    ada, bob = world
    rules.publish(
        PointAction.objects.create(name="New", source="asset_downloaded", points=7, repeat="always", group=engagement)
    )
    retired = PointAction.objects.get(points=10)
    retired.is_active = False
    retired.save()
    rules.publish(retired)

    test = running.ask(question(with_then=True))
    assert found(test, ada, bob) == ([True, False], {"today": [7.0, 0.0], "then": [10.0, 0.0]})


def test_the_rules_in_force_then_are_those_known_then(world):
    ada, bob = world
    action = PointAction.objects.get()
    action.points = 4
    action.save()
    rules.publish(action)

    test = running.ask(question(with_then=True))
    assert found(test, ada, bob)[1] == {"today": [4.0, 0.0], "then": [10.0, 0.0]}


def test_a_group_alone_can_be_asked_about(world, engagement, fit):
    assert found(question(group=engagement), *world)[1] == {"today": [10.0, 0.0]}
    assert found(question(group=fit), *world)[1] == {"today": [0.0, 0.0]}


def test_the_draft_is_asked_the_same_and_what_is_edited_meanwhile_does_not_mix_in(world):
    action = PointAction.objects.get()
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 25})
    test = running.ask(question(with_draft=True))
    action.points = 1
    action.save()
    rules.publish(action)
    test.refresh_from_db()

    assert found(test, *world)[1] == {"today": [10.0, 0.0], "draft": [25.0, 0.0]}


def test_a_draft_that_is_changed_meanwhile_ends_the_back_test_with_a_sentence(world):
    action = PointAction.objects.get()
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 25})
    test = running.ask(question(with_draft=True))
    publications.discard(draft)

    test = finished(test)
    assert (test.state, test.error) == ("failed", "The draft was changed meanwhile: ask again.")
    assert BackTestRange.objects.count() == 0


def test_rulebooks_are_read_as_they_were_kept(world, engagement):
    terms.publish(engagement, {"half_life_days": 30, "weight": Decimal("0.50"), "cap_points": 9})
    test = running.ask(question(with_then=True))
    test.refresh_from_db()
    assert books.read(test) == {"today": books.always(Rulebook.current()), "then": Rulebook.as_of(test.at)}


# Half-lives, whatever day they are counted from


@pytest.mark.parametrize("epoch", [date(1997, 9, 30), date(2026, 3, 31), date(2080, 1, 1)])
@pytest.mark.parametrize("half_life", [1, 60, 3650])
def test_a_faded_score_does_not_depend_on_the_day_it_is_counted_from(publish, engagement, guide, half_life, epoch):
    publish(40, repeat=Repeat.ALWAYS, since=datetime(1990, 1, 1, tzinfo=UTC))
    ada = person()
    moment = datetime(1997, 9, 26, 12, tzinfo=UTC)
    event(ada, Kind.ASSET_DOWNLOADED, guide, moment)
    pipeline.drain()
    book = Rulebook.current()
    book = replace(book, terms=tuple(replace(one, half_life_days=half_life, epoch=epoch) for one in book.terms))

    for days in (0, 4, 60):
        shown = valuation.scores(book, [ada.pk], moment + timedelta(days=days)).get((ada.pk, None), 0)
        assert shown == decay.cents(decay.faded(40, days, half_life))
