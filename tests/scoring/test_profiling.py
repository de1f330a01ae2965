"""Permission to score: who refuses profiling has no points, and a refused purpose takes the points of what it covers."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns import delivery, triggers
from campaigns.models import Delivery, Firing, Trigger
from config import pipeline
from contacts import consent, consent_policies
from contacts.models import Contact, Purpose
from scoring import ledger, profiling, reconciliation, scores, valuation
from scoring.backtests import cohorts
from scoring.explain import almost, explain
from scoring.models import BackTest, ContactScore, PointAction, PointEntry, PointGroup, Sweep
from scoring.rulebook import Rulebook
from tests.factories import TagFactory
from tests.scoring.conftest import happen, subject
from tracking.models import Event, Kind, Subject

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def ada(settings):
    settings.CONSENT_REQUIRED = []
    return Contact.objects.create(email="ada@example.com", country="FR")


@pytest.fixture
def group():
    return PointGroup.objects.create(name="Engagement")


@pytest.fixture
def world(ada, group, rule):
    """Ada has 7 points of a form, 3 of a click, 2 by hand, 5 for where she lives."""
    form, link = (
        subject("form", type=Subject.Type.FORM),
        subject("link", type=Subject.Type.LINK, parent=subject("mail", type=Subject.Type.EMAIL)),
    )
    rule(group, "form_submitted", 7)
    rule(group, "email_clicked", 3)
    rule(
        group,
        "profile_matches",
        5,
        {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}},
    )
    happen(ada, Kind.FORM_SUBMITTED, form, timezone.now() - timedelta(days=3))
    happen(ada, Kind.EMAIL_CLICKED, link, timezone.now() - timedelta(days=2), user_agent=BROWSER)
    ledger.adjust(ada.pk, group.pk, 2, note="Met at a fair")
    pipeline.drain()
    assert score(ada) == 17
    return ada


@pytest.fixture
def rule():
    from scoring import rules

    def make(group, source, points, params=None):
        action = PointAction.objects.create(
            name=source, group=group, source=source, points=points, params=params or {}, repeat="once"
        )
        rules.publish(action, since=timezone.now() - timedelta(days=30))
        return action

    return make


def score(contact):
    return ContactScore.objects.filter(contact=contact, group=None).values_list("score", flat=True).get()


def told(contact):
    """What each way of asking says of the contact's score: stored, evaluated, explained, and whether all is proven."""
    pipeline.drain()
    evaluated = valuation.scores(Rulebook.current(), [contact.pk])
    return (
        score(contact),
        evaluated.get((contact.pk, None), 0),
        explain(contact).overall,
        [finding for _count, found in reconciliation.findings() for finding in found],
    )


def test_who_refuses_profiling_has_no_points_and_a_yes_brings_them_back(world):
    consent.withdraw(world, Purpose.PROFILING)
    assert told(world) == (0, 0, 0, [])
    assert (PointEntry.objects.count(), Event.objects.filter(contact=world, kind=Kind.FORM_SUBMITTED).count()) == (0, 1)

    consent.give(world, Purpose.PROFILING)
    assert told(world) == (17, 17, 17, [])


def test_what_happens_meanwhile_is_not_scored_until_it_may_be(world, group):
    consent.withdraw(world, Purpose.PROFILING)
    pipeline.drain()

    happen(
        world,
        Kind.EMAIL_CLICKED,
        subject("other", type=Subject.Type.LINK, parent=Subject.objects.get(key="mail")),
        timezone.now(),
        user_agent=BROWSER,
    )
    ledger.adjust(world.pk, group.pk, 30, note="Met again")
    assert told(world) == (0, 0, 0, [])

    consent.give(world, Purpose.PROFILING)
    assert told(world) == (47, 47, 47, [])


def test_a_refused_purpose_takes_the_points_of_what_it_covers_and_nothing_else(world):
    consent.withdraw(world, Purpose.LINK_TRACKING)
    assert told(world) == (14, 14, 14, [])
    assert [str(missed.reason) for missed in almost(world).missed] == ["consent"]

    consent.give(world, Purpose.LINK_TRACKING)
    assert told(world) == (17, 17, 17, [])


def test_a_purpose_that_needs_a_yes_takes_no_points_from_what_was_stored_before(world):
    for purpose in (Purpose.WEB_TRACKING, Purpose.EMAIL_TRACKING, Purpose.LINK_TRACKING):
        consent_policies.decide(purpose, True)

    assert told(world) == (17, 17, 17, [])


def test_where_profiling_needs_a_yes_nobody_is_scored_before_it(world, group):
    consent_policies.decide(Purpose.PROFILING, True)
    assert told(world) == (0, 0, 0, [])

    bob = Contact.objects.create(email="bob@example.com", country="FR")
    happen(bob, Kind.FORM_SUBMITTED, Subject.objects.get(key="form"), timezone.now())
    assert told(bob) == (0, 0, 0, [])

    consent.give(bob, Purpose.PROFILING)
    assert (told(bob), told(world)[0]) == ((12, 12, 12, []), 0)

    consent_policies.decide(Purpose.PROFILING, False)
    assert told(world) == (17, 17, 17, [])
    assert [str(sweep) for sweep in Sweep.objects.filter(finished_at=None)] == []


def test_a_worker_that_has_asked_for_the_settings_just_before_walks_by_the_new_one(world):
    consent_policies.decide(Purpose.PROFILING, True)
    consent_policies.suppose({}, seconds=60)
    assert told(world) == (0, 0, 0, [])
    bob = Contact.objects.create(email="bob@example.com", country="FR")
    assert told(bob) == (0, 0, 0, [])


def test_no_trigger_fires_for_who_is_not_scored_neither_by_rising_nor_by_falling(world):
    for direction, threshold in (("rising", 10), ("falling", 5)):
        trigger = Trigger.objects.create(name=direction, direction=direction, threshold=threshold)
        triggers.switch_on(trigger, "mark")
    Firing.objects.all().delete()

    consent.withdraw(world, Purpose.PROFILING)
    pipeline.drain()

    assert Firing.objects.count() == 0


def test_switching_a_trigger_on_acts_for_nobody_who_is_not_scored(world):
    cold = Trigger.objects.create(name="Cold", threshold=5, direction="falling", is_active=False)
    ledger.adjust(world.pk, PointGroup.objects.get().pk, -17, note="Too much")
    pipeline.drain()
    assert [row.contact_id for row in triggers.already(cold)] == [world.pk]

    consent.withdraw(world, Purpose.PROFILING)
    pipeline.drain()
    assert (list(triggers.would_act(cold)), triggers.switch_on(cold, "act"), Firing.objects.count()) == ([], 0, 0)


def test_what_a_score_caused_does_not_happen_once_profiling_is_refused(world, group):
    tag = TagFactory()
    trigger = Trigger.objects.create(name="Hot", threshold=20)
    trigger.actions.create(type="change_tags", params={"add": [tag.pk], "remove": []})
    triggers.switch_on(trigger, "act")
    ledger.adjust(world.pk, group.pk, 10, note="Met again")
    pipeline.drain()
    queued = Delivery.objects.get()

    consent.withdraw(world, Purpose.PROFILING)
    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, world.tags.count()) == (Delivery.State.SKIPPED, 0)


def test_points_given_back_by_a_change_of_the_setting_wait_for_a_release(world):
    consent_policies.decide(Purpose.PROFILING, True)
    pipeline.drain()
    trigger = Trigger.objects.create(name="Hot", threshold=10)
    triggers.switch_on(trigger, "mark")

    consent_policies.decide(Purpose.PROFILING, False)
    pipeline.drain()

    assert list(Firing.objects.values_list("contact", "state")) == [(world.pk, Firing.State.HELD)]


def test_a_replay_and_a_walk_agree_on_who_is_off(world):
    consent.withdraw(world, Purpose.PROFILING)
    pipeline.drain()
    with transaction.atomic():
        ids = scores.lock([world.pk])
        assert (profiling.off(ids), profiling.settle(ids), ledger.replay(ids)) == ({world.pk}, [], [])
    assert list(profiling.scored(Contact.objects.all())) == []


def test_who_refuses_is_left_out_of_a_back_test(world):
    test = BackTest(
        cutoff=timezone.localdate(),
        horizon_days=1,
        outcome="custom_event",
        params={"name": "Bought"},
        with_earlier=True,
    )
    consent.withdraw(world, Purpose.PROFILING)
    pipeline.drain()

    cohort = cohorts.look(test, {"today": Rulebook.current()}, [world.pk])

    assert (cohort.converted, cohort.scores) == ([], {"today": []})


def test_settling_many_contacts_asks_as_often_as_for_one(world, django_assert_num_queries):
    people = [Contact.objects.create(email=f"{n}@example.com") for n in range(30)]
    pipeline.drain()
    with transaction.atomic(), django_assert_num_queries(2):  # what is asked for now, too
        profiling.settle([person.pk for person in people])


def test_the_value_of_what_is_off_is_no_decimal_dust(world):
    consent.withdraw(world, Purpose.PROFILING)
    pipeline.drain()
    assert set(ContactScore.objects.filter(contact=world).values_list("score", "forward")) == {(Decimal(), 0.0)}
