"""Crossings of a draft: previewed, held by publishing, and taken back."""

from datetime import UTC, datetime

import pytest

from campaigns import forecasts, publishing, triggers
from campaigns.forecasts import Outcome
from campaigns.models import Delivery, Firing, Trigger, TriggerAction
from config import pipeline
from scoring import previews, publications
from scoring.models import Publication
from scoring.publishing.actions import state_of as action_state
from tests.factories import ContactFactory, TagFactory
from tests.scoring.conftest import download, subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
Scope = Publication.Scope
State = Firing.State


@pytest.fixture
def people(rule):
    """Ada with 15 points, Bob with 10, Cleo with 5."""
    guides = [subject(f"guide {number}") for number in range(3)]
    found = []
    for name, downloads in (("ada", 3), ("bob", 2), ("cleo", 1)):
        contact = ContactFactory(email=f"{name}@example.com", country="FR" if name != "bob" else "GB")
        for guide in guides[:downloads]:
            download(contact, guide, AT)
        found.append(contact)
    pipeline.drain()
    return found


def trigger(threshold, **fields):
    made = Trigger.objects.create(name=f"At {threshold}", threshold=threshold, **fields)
    TriggerAction.objects.create(trigger=made, type="add_tags", params={"tags": [TagFactory(name=f"T{threshold}").pk]})
    return made


def previewed(draft, scope=Scope.PAST):
    previews.request(draft, scope)
    while previews.step():
        pass
    return {
        (one.trigger.pk, row.contact_id): (row.before, row.after, row.outcome)
        for one in forecasts.crossings(draft)
        for row in one.rows
    }


def firings(**wanted):
    return {(f.trigger_id, f.contact_id): (f.before, f.after, f.state) for f in Firing.objects.filter(**wanted)}


def test_the_crossings_previewed_are_the_firings_that_publishing_holds(rule, people):
    ada, bob, _ = people
    high, low = trigger(20), trigger(12)
    french = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}
    picky = trigger(18, conditions=french)
    draft = publications.open_draft()
    publications.add(draft, "point_action", rule.pk, action_state(rule) | {"points": 10})

    expected = {
        (high.pk, ada.pk): (15, 30, Outcome.HELD),
        (high.pk, bob.pk): (10, 20, Outcome.HELD),
        (low.pk, bob.pk): (10, 20, Outcome.HELD),
        (picky.pk, ada.pk): (15, 30, Outcome.HELD),
        (picky.pk, bob.pk): (10, 20, Outcome.UNMET),
    }
    assert previewed(draft) == expected
    assert Firing.objects.count() == 0

    publications.publish(draft, Scope.PAST)
    pipeline.drain()

    assert firings(publication=draft) == expected
    assert Delivery.objects.count() == 0

    waiting = Firing.objects.filter(publication=draft, state=State.HELD).order_by("trigger", "contact")
    assert triggers.release(waiting[:1], None) == (1, 0)
    assert Delivery.objects.count() == 1
    publishing.roll_back(Publication.objects.get(pk=draft.pk), None)
    pipeline.drain()
    assert sorted(state for _, _, state in firings().values()) == ["fired", "outdated", "outdated", "outdated", "unmet"]
    assert Delivery.objects.count() == 1


def test_conditions_about_scores_are_asked_of_the_scores_that_publishing_makes(rule, people):
    ada, bob, _ = people
    at_least_25 = {"filter": "score", "group": "overall", "op": "at_least", "value": 25}
    hot, warm = trigger(20, conditions=at_least_25), trigger(19, conditions={"not": at_least_25})
    group = trigger(18, conditions=at_least_25 | {"group": rule.group_id, "op": "below"})
    draft = publications.open_draft()
    publications.add(draft, "point_action", rule.pk, action_state(rule) | {"points": 10})

    expected = {
        (hot.pk, ada.pk): (15, 30, Outcome.HELD),
        (hot.pk, bob.pk): (10, 20, Outcome.UNMET),
        (warm.pk, ada.pk): (15, 30, Outcome.UNMET),
        (warm.pk, bob.pk): (10, 20, Outcome.HELD),
        (group.pk, ada.pk): (15, 30, Outcome.UNMET),
        (group.pk, bob.pk): (10, 20, Outcome.HELD),
    }
    assert previewed(draft) == expected
    publications.publish(draft, Scope.PAST)
    pipeline.drain()
    assert firings(publication=draft) == expected


def test_who_is_past_a_trigger_of_the_draft_is_looked_for_among_the_scores_as_they_were(people, engagement):
    ada, _, _ = people
    made = trigger(
        12, is_active=False, conditions={"filter": "score", "group": "overall", "op": "at_least", "value": 12}
    )
    draft = publications.open_draft()
    publications.add(draft, "point_group", engagement.pk, {"ceiling": 10})
    publications.add(draft, "trigger", made.pk, publishing.state_of(made) | {"is_active": True})

    expected = {(made.pk, ada.pk): (15, 15, Outcome.HELD)}
    assert previewed(draft) == expected
    publications.publish(draft, Scope.PAST)
    pipeline.drain()
    assert firings(publication=draft) == expected
    assert triggers.release(Firing.objects.filter(publication=draft), None) == (0, 1)


def test_who_fired_before_or_falls_back_is_listed_as_such(rule, people):
    ada, bob, _ = people
    again, once = trigger(9, again="rearm"), trigger(11)
    download(bob, subject("one more"), AT)
    pipeline.drain()
    assert firings() == {(once.pk, bob.pk): (10, 15, State.FIRED)}

    draft = publications.open_draft()
    publications.add(draft, "point_action", rule.pk, action_state(rule) | {"points": 2})
    assert previewed(draft) == {
        (again.pk, ada.pk): (15, 6, Outcome.BACK),
        (again.pk, bob.pk): (15, 6, Outcome.BACK),
        (once.pk, ada.pk): (15, 6, Outcome.BACK),
        (once.pk, bob.pk): (15, 6, Outcome.BACK),
    }
    publications.publish(draft, Scope.PAST)
    pipeline.drain()

    back = publications.open_draft()
    rule.refresh_from_db()
    publications.add(back, "point_action", rule.pk, action_state(rule) | {"points": 5})
    assert previewed(back) == {
        (again.pk, ada.pk): (6, 15, Outcome.HELD),
        (again.pk, bob.pk): (6, 15, Outcome.HELD),
        (once.pk, ada.pk): (6, 15, Outcome.HELD),
        (once.pk, bob.pk): (6, 15, Outcome.BEFORE),
    }


def test_a_trigger_in_the_draft_holds_those_who_are_past_it_already(people):
    ada, _, _ = people
    made = trigger(10, is_active=False)
    draft = publications.open_draft()
    publications.add(draft, "trigger", made.pk, publishing.state_of(made) | {"is_active": True, "threshold": "11.00"})

    expected = {(made.pk, ada.pk): (15, 15, Outcome.HELD)}
    assert previewed(draft, Scope.FROM_NOW) == expected
    publications.publish(draft, Scope.FROM_NOW)
    pipeline.drain()

    assert firings(publication=draft) == expected
    made.refresh_from_db()
    assert (made.is_active, made.threshold, made.versions.count()) == (True, 11, 1)

    publishing.roll_back(Publication.objects.get(pk=draft.pk), None)
    made.refresh_from_db()
    assert (made.is_active, made.threshold, firings()[made.pk, ada.pk][2]) == (False, 10, State.OUTDATED)


def test_actions_of_a_trigger_are_drafted_and_keep_their_rows(people):
    made = trigger(10)
    kept = made.actions.get()
    state = publishing.state_of(made)
    state["actions"] = [*state["actions"], {"type": "remove_tags", "params": {"tags": [TagFactory(name="Old").pk]}}]
    draft = publications.open_draft()
    edit = publications.add(draft, "trigger", made.pk, state)

    assert [difference.label for difference in publishing.Triggers().differences(edit)] == ["what happens then"]
    publications.publish(draft, Scope.FROM_NOW)
    assert list(made.actions.values_list("type", flat=True)) == ["add_tags", "remove_tags"]
    assert made.actions.first() == kept

    publishing.roll_back(Publication.objects.get(pk=draft.pk), None)
    assert list(made.actions.all()) == [kept]
