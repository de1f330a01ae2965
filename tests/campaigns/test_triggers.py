from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns import triggers, versions
from campaigns.models import Delivery, Firing, Trigger, TriggerVersion
from tests.campaigns.conftest import give_score, move
from tests.factories import ContactFactory, TagFactory, TriggerActionFactory, TriggerFactory, UserFactory
from tests.threads import together

pytestmark = pytest.mark.django_db
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


@pytest.fixture
def tag():
    return TagFactory(name="hot")


@pytest.fixture
def trigger(tag):
    trigger = TriggerFactory(threshold=50)
    TriggerActionFactory(trigger=trigger, type="change_tags", params={"add": [tag.pk], "remove": []})
    return trigger


def firings(trigger):
    rows = trigger.firings.order_by("contact__email", "cycle")
    return list(rows.values_list("contact__email", "cycle", "state"))


def deliveries():
    return list(Delivery.objects.order_by("id").values_list("contact__email", "type", "state"))


@pytest.mark.parametrize(
    ("case", "direction", "before", "after", "fires"),
    [
        ("rises through", "rising", 49, 51, True),
        ("reaches exactly", "rising", 49, 50, True),
        ("was there already", "rising", 50, 60, False),
        ("stays below", "rising", 10, 49, False),
        ("falls", "rising", 60, 40, False),
        ("falls through", "falling", 60, 49, True),
        ("falls to exactly", "falling", 60, 50, False),
        ("was below already", "falling", 49, 10, False),
        ("rises", "falling", 40, 60, False),
    ],
)
def test_a_trigger_fires_when_the_score_crosses(trigger, anne, case, direction, before, after, fires):
    Trigger.objects.update(direction=direction)

    count = triggers.fire([move(anne, before, after)])

    assert count == fires
    assert firings(trigger) == ([("anne@example.com", 1, "fired")] if fires else [])
    assert deliveries() == ([("anne@example.com", "change_tags", "queued")] if fires else [])


def test_the_firing_says_what_moved_and_the_delivery_how_the_action_stood(trigger, anne, tag):
    triggers.fire([move(anne, 10, 72)])
    trigger.actions.update(params={"add": [], "remove": [tag.pk]})

    firing, delivery = Firing.objects.get(), Delivery.objects.get()
    assert (firing.before, firing.after, firing.version) == (10, 72, TriggerVersion.objects.get())
    assert (delivery.firing, delivery.params) == (firing, {"add": [tag.pk], "remove": []})


def test_only_the_triggers_of_the_group_that_moved_fire(trigger, anne, group):
    of_group = TriggerFactory(threshold=50, group=group)

    triggers.fire([move(anne, 0, 60, group)])

    assert (firings(of_group), firings(trigger)) == ([("anne@example.com", 1, "fired")], [])


@pytest.mark.parametrize(
    ("case", "values"),
    [
        ("inactive", {"is_active": False}),
        ("archived", {"archived_at": timezone.now()}),
        ("not begun", {"active_from": timezone.now() + timedelta(days=1)}),
        ("over", {"active_until": timezone.now() - timedelta(days=1)}),
    ],
)
def test_a_trigger_outside_its_window_is_silent(trigger, anne, case, values):
    Trigger.objects.update(**values)

    assert triggers.fire([move(anne, 0, 60)]) == 0
    assert firings(trigger) == []


def test_firing_the_same_movement_again_adds_nothing(trigger, anne):
    triggers.fire([move(anne, 0, 60)])
    again = triggers.fire([move(anne, 0, 60)])

    assert (again, firings(trigger)) == (0, [("anne@example.com", 1, "fired")])
    assert len(deliveries()) == 1


def test_once_means_once_even_after_falling_back(trigger, anne):
    triggers.fire([move(anne, 0, 60)])
    triggers.fire([move(anne, 60, 0)])

    assert triggers.fire([move(anne, 0, 60)]) == 0
    assert firings(trigger) == [("anne@example.com", 1, "fired")]


def test_rearm_makes_a_new_cycle_after_the_score_was_back(trigger, anne):
    Trigger.objects.update(again="rearm")

    triggers.fire([move(anne, 0, 60)])
    triggers.fire([move(anne, 60, 49)])
    triggers.fire([move(anne, 49, 50)])

    assert firings(trigger) == [("anne@example.com", 1, "fired"), ("anne@example.com", 2, "fired")]
    assert len(deliveries()) == 2


def test_a_rearm_level_must_really_be_reached(trigger, anne):
    Trigger.objects.update(again="rearm", rearm_at=20)

    triggers.fire([move(anne, 0, 60)])
    triggers.fire([move(anne, 60, 30)])
    assert triggers.fire([move(anne, 30, 60)]) == 0

    triggers.fire([move(anne, 60, 20)])
    assert triggers.fire([move(anne, 20, 60)]) == 1
    assert [cycle for _email, cycle, _state in firings(trigger)] == [1, 2]


def test_the_way_back_counts_even_while_the_trigger_was_off(trigger, anne):
    Trigger.objects.update(again="rearm", rearm_at=20)
    triggers.fire([move(anne, 0, 60)])
    Trigger.objects.update(is_active=False)
    triggers.fire([move(anne, 60, 10)])
    Trigger.objects.update(is_active=True)

    assert triggers.fire([move(anne, 10, 60)]) == 1


def test_a_falling_trigger_rearms_on_the_way_up(trigger, anne):
    Trigger.objects.update(direction="falling", again="rearm", rearm_at=80)

    triggers.fire([move(anne, 60, 40)])
    triggers.fire([move(anne, 40, 70)])
    assert triggers.fire([move(anne, 70, 40)]) == 0

    triggers.fire([move(anne, 40, 80)])
    assert triggers.fire([move(anne, 80, 40)]) == 1


def test_who_does_not_meet_the_condition_is_kept_as_unmet_and_may_fire_at_a_later_crossing(trigger, anne, briton):
    Trigger.objects.update(conditions=FRENCH)

    assert triggers.fire([move(anne, 0, 60), move(briton, 0, 60)]) == 1
    assert firings(trigger) == [("anne@example.com", 1, "fired"), ("briton@example.com", 1, "unmet")]
    assert deliveries() == [("anne@example.com", "change_tags", "queued")]

    briton.country = "FR"
    briton.save()
    triggers.fire([move(briton, 60, 0)])
    assert triggers.fire([move(briton, 0, 55)]) == 1
    assert firings(trigger) == [("anne@example.com", 1, "fired"), ("briton@example.com", 1, "fired")]
    assert Firing.objects.get(contact=briton).after == 55


def test_held_firings_wait_for_a_release_that_acts_once(trigger, anne, briton):
    user = UserFactory()

    assert triggers.fire([move(anne, 0, 60), move(briton, 0, 60)], held=True) == 2
    assert firings(trigger) == [("anne@example.com", 1, "held"), ("briton@example.com", 1, "held")]
    assert deliveries() == []

    give_score(anne, 60)
    released = Firing.objects.filter(contact=anne)
    assert (triggers.release(released, user), triggers.release(released, user)) == ((1, 0), (0, 0))
    assert triggers.decline(Firing.objects.all(), user) == 1
    assert firings(trigger) == [("anne@example.com", 1, "fired"), ("briton@example.com", 1, "declined")]
    assert deliveries() == [("anne@example.com", "change_tags", "queued")]
    assert set(Firing.objects.values_list("decided_by", flat=True)) == {user.pk}


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("back below", {"score": 49}),
        ("condition no longer met", {"country": "GB"}),
        ("threshold raised", {"threshold": 61}),
        ("condition added", {"conditions": {"filter": "field", "field": "country", "op": "is", "value": "DE"}}),
        ("fired again since", {"again": "rearm"}),
    ],
)
def test_a_held_firing_that_is_no_longer_true_does_nothing_when_it_is_released(trigger, anne, case, change):
    Trigger.objects.update(conditions=FRENCH, again=change.pop("again", "once"))
    triggers.fire([move(anne, 0, 60)], held=True)
    give_score(anne, change.pop("score", 60))
    if "country" in change:
        anne.country = change.pop("country")
        anne.save()
    Trigger.objects.update(**change)
    if case == "fired again since":
        triggers.fire([move(anne, 60, 0)])
        triggers.fire([move(anne, 0, 60)])
    held = Firing.objects.filter(state="held")
    assert triggers.outdated([firing.pk for firing in held]) == [firing.pk for firing in held]

    user = UserFactory()
    before = deliveries()
    assert str(triggers.release(held, user)) == "0 released. 1 is no longer true: nothing was done."
    assert triggers.release(Firing.objects.all(), user) == (0, 0)

    assert firings(trigger)[0] == ("anne@example.com", 1, "outdated")
    assert deliveries() == before
    assert Firing.objects.order_by("cycle").first().decided_by == user


def test_a_falling_trigger_that_rose_again_does_nothing_when_it_is_released(trigger, anne, briton):
    Trigger.objects.update(direction="falling")
    triggers.fire([move(anne, 60, 40), move(briton, 60, 40)], held=True)
    give_score(anne, 50)
    give_score(briton, 49)

    assert triggers.release(Firing.objects.all(), None) == (1, 1)
    assert firings(trigger) == [("anne@example.com", 1, "outdated"), ("briton@example.com", 1, "fired")]


def test_who_was_no_longer_true_may_fire_at_a_later_crossing(trigger, anne):
    triggers.fire([move(anne, 0, 60)], held=True)
    triggers.release(Firing.objects.all(), None)

    assert triggers.fire([move(anne, 0, 55)]) == 1
    assert firings(trigger) == [("anne@example.com", 1, "outdated"), ("anne@example.com", 2, "fired")]
    assert len(deliveries()) == 1


def test_a_release_asks_as_often_for_thirty_as_for_one(trigger, django_assert_num_queries):
    for count in (1, 30):
        people = [ContactFactory() for _number in range(count)]
        triggers.fire([move(contact, 0, 60) for contact in people], held=True)
        for contact in people:
            give_score(contact, 60)
        # the firings, a savepoint, those held, their trigger, its scores, who is past it, two decisions, the trigger and
        # its actions, the deliveries in a savepoint of theirs
        with django_assert_num_queries(13):
            assert triggers.release(Firing.objects.filter(state="held"), None) == (count, 0)


def test_the_number_of_queries_does_not_grow_with_the_contacts(trigger, django_assert_num_queries):
    Trigger.objects.update(conditions=FRENCH, again="rearm")
    versions.keep(trigger)
    for count in (1, 3, 30):
        movements = [move(ContactFactory(country="FR"), 0, 60) for _number in range(count)]
        # triggers, their actions, who is scored, versions, re-arming, the condition, the firings, the deliveries
        with transaction.atomic(), django_assert_num_queries(8):
            assert triggers.fire(movements) == count


def test_movements_that_cross_nothing_cost_one_query_for_the_triggers(trigger, anne, django_assert_num_queries):
    with django_assert_num_queries(2):
        triggers.fire([move(anne, 0, 10)])


def test_switching_on_acts_for_those_already_there_who_meet_the_condition(trigger, anne, briton):
    Trigger.objects.update(conditions=FRENCH, is_active=False)
    trigger.refresh_from_db()
    give_score(anne, 70)
    give_score(briton, 70)
    give_score(ContactFactory(email="below@example.com", country="FR"), 49)

    assert list(triggers.would_act(trigger)) == [anne]
    assert (triggers.switch_on(trigger, "act"), triggers.switch_on(trigger, "act")) == (1, 0)
    assert firings(trigger) == [("anne@example.com", 1, "fired"), ("briton@example.com", 1, "unmet")]
    assert deliveries() == [("anne@example.com", "change_tags", "queued")]
    assert Trigger.objects.get().is_active
    assert list(triggers.would_act(trigger)) == []


@pytest.mark.parametrize(
    ("case", "again", "before", "acts"),
    [
        ("never", "once", [], True),
        ("acted", "once", [("fired", False)], False),
        ("waits", "rearm", [("held", False)], False),
        ("acted, re-armed", "rearm", [("fired", True)], True),
        ("acted, re-armed while it still said so", "once", [("fired", True)], False),
        ("condition not met then", "once", [("unmet", False)], True),
        ("no longer true then", "once", [("outdated", False)], True),
        ("acted again since it was no longer true", "once", [("outdated", False), ("fired", False)], False),
        ("no longer true the second time", "rearm", [("fired", True), ("outdated", False)], True),
    ],
)
def test_those_for_whom_it_would_act_are_those_for_whom_it_acts(trigger, anne, case, again, before, acts):
    Trigger.objects.update(again=again, is_active=False)
    trigger.refresh_from_db()
    give_score(anne, 70)
    for cycle, (state, is_back) in enumerate(before, start=1):
        fired = {"state": state, "before": 0, "after": 60, "rearmed_at": timezone.now() if is_back else None}
        Firing.objects.create(trigger=trigger, contact=anne, cycle=cycle, **fired)

    assert list(triggers.would_act(trigger)) == ([anne] if acts else [])
    assert triggers.switch_on(trigger, "act") == acts


def test_switching_on_can_mark_those_already_there_so_that_nothing_is_sent(trigger, anne, briton):
    Trigger.objects.update(is_active=False)
    give_score(anne, 70)

    assert triggers.switch_on(trigger, "mark") == 1
    triggers.fire([move(anne, 70, 0), move(anne, 0, 70)])

    assert (firings(trigger), deliveries()) == ([("anne@example.com", 1, "marked")], [])


def test_a_version_is_written_when_something_changed(trigger):
    first = versions.keep(trigger)
    same = versions.keep(trigger)
    trigger.threshold = 60
    trigger.save()
    second = versions.keep(trigger, UserFactory())

    assert (same.pk, first.number, second.number) == (first.pk, 1, 2)
    assert (first.snapshot["threshold"], second.snapshot["threshold"]) == ("50.00", "60.00")


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_see_the_same_crossing_make_one_firing(trigger, anne):
    def fire():
        with transaction.atomic():
            return triggers.fire([move(anne, 0, 60)])

    assert sorted(together(fire, fire, fire, fire)) == [0, 0, 0, 1]
    assert (len(firings(trigger)), len(deliveries())) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_release_the_same_firing_make_one_delivery(trigger, anne):
    triggers.fire([move(anne, 0, 60)], held=True)
    give_score(anne, 60)
    held = list(Firing.objects.all())

    assert sorted(together(*[lambda: triggers.release(held, None)] * 3)) == [(0, 0), (0, 0), (1, 0)]
    assert len(deliveries()) == 1
