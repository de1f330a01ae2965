"""Taking a publication back: what it held comes to nothing, and the way back crosses nothing."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from campaigns import publishing, triggers
from campaigns.models import Delivery, Firing, Trigger
from config import pipeline
from contacts import merging
from scoring import ledger, publications, sql
from scoring.models import Publication
from scoring.publishing.actions import state_of as action_state
from tests.factories import ContactFactory
from tests.scoring.conftest import download, score, subject
from tracking.models import Subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
Scope = Publication.Scope


@pytest.fixture
def ada(rule):
    """With 40 points."""
    ada = ContactFactory(email="ada@example.com")
    for number in range(8):
        download(ada, subject(f"guide {number}"), AT)
    pipeline.drain()
    return ada


def publish(rule, walk=True, **changes):
    rule.refresh_from_db()
    draft = publications.open_draft()
    publications.add(draft, "point_action", rule.pk, action_state(rule) | changes)
    publications.publish(draft, Scope.PAST)
    if walk:
        pipeline.drain()
    return Publication.objects.get(pk=draft.pk)


def publish_trigger(trigger, **changes):
    draft = publications.open_draft()
    publications.add(draft, "trigger", trigger.pk, publishing.state_of(trigger) | changes)
    publications.publish(draft, Scope.FROM_NOW)
    return Publication.objects.get(pk=draft.pk)


def roll_back(publication, walk=True):
    undoing = publishing.roll_back(Publication.objects.get(pk=publication.pk), None)
    if walk:
        pipeline.drain()
    return undoing


def give(contact, rule, points):
    ledger.adjust(contact.pk, rule.group_id, points, note="fair")
    pipeline.drain()


def states(trigger):
    return list(trigger.firings.order_by("cycle").values_list("cycle", "state"))


def at_50(**fields):
    return Trigger.objects.create(name="At 50", threshold=50, **fields)


@pytest.mark.parametrize("again", ["once", "rearm"])
def test_a_rollback_holds_nothing_for_scores_that_it_puts_back(rule, ada, engagement, again):
    rising, falling = at_50(again=again), at_50(direction="falling", again=again)
    raised = publish(rule, points=10)
    assert (score(ada), states(rising), states(falling)) == (80, [(1, "held")], [])

    roll_back(raised)

    assert (score(ada), states(rising), states(falling)) == (40, [(1, "outdated")], [])
    assert sql.differences() == []


def test_a_lowering_that_is_taken_back_crosses_nothing_upwards(rule, ada):
    rising = at_50()
    ledger.adjust(ada.pk, rule.group_id, 15, note="fair")
    pipeline.drain()
    assert states(rising) == [(1, "fired")]
    Trigger.objects.update(again="rearm")

    lowered = publish(rule, points=1)
    roll_back(lowered)

    assert (score(ada), states(rising)) == (55, [(1, "fired")])


def test_a_rollback_holds_what_would_have_crossed_without_the_publication(rule, ada):
    """55 → (publication) 95 → (live, −10) 85 → (rollback) 45: without the publication she would have fallen below 50."""
    ledger.adjust(ada.pk, rule.group_id, 15, note="fair")
    pipeline.drain()
    falling = at_50(direction="falling")
    raised = publish(rule, points=10)
    ledger.adjust(ada.pk, rule.group_id, -10, note="left")
    pipeline.drain()
    assert states(falling) == []

    undoing = roll_back(raised)

    assert (score(ada), states(falling)) == (45, [(1, "held")])
    assert falling.firings.get().publication == undoing


def test_what_was_withdrawn_fires_at_a_later_crossing(rule, ada):
    rising = at_50()
    roll_back(publish(rule, points=10))

    ledger.adjust(ada.pk, rule.group_id, 15, note="fair")
    pipeline.drain()

    assert states(rising) == [(1, "outdated"), (2, "fired")]


def test_a_rollback_that_is_rolled_back_puts_everything_into_force_again_and_holds_again(rule, ada):
    rising = at_50()
    raised = publish(rule, points=10)
    undoing = roll_back(raised)
    again = roll_back(undoing)

    raised.refresh_from_db()
    undoing.refresh_from_db()
    rule.refresh_from_db()
    assert (raised.state, undoing.state, again.state) == ("published", "rolled_back", "published")
    assert (rule.points, score(ada), sql.differences()) == (10, 80, [])
    assert states(rising) == [(1, "outdated"), (2, "held")]
    assert again.note == f"In force again: {raised}"

    assert triggers.release(Firing.objects.filter(state="held"), None) == (1, 0)
    with pytest.raises(ValidationError):  # what is in force again can be rolled back itself
        publishing.roll_back(again, None)
    once_more = roll_back(raised)
    assert (score(ada), states(rising)) == (40, [(1, "outdated"), (2, "fired")])
    assert publications.may_be_rolled_back(once_more)
    roll_back(once_more)
    assert (score(ada), states(rising), sql.differences()) == (80, [(1, "outdated"), (2, "fired")], [])


def test_a_trigger_that_is_switched_on_again_by_a_rolled_back_rollback_holds_again(rule, ada):
    off = at_50(is_active=False)
    ledger.adjust(ada.pk, rule.group_id, 15, note="fair")
    pipeline.drain()
    draft = publish_trigger(off, is_active=True)
    assert states(off) == [(1, "held")]

    undoing = roll_back(draft)
    assert states(off) == [(1, "outdated")]
    roll_back(undoing)

    off.refresh_from_db()
    assert (off.is_active, states(off)) == (True, [(1, "outdated"), (2, "held")])
    assert Delivery.objects.count() == 0


def test_what_a_publication_in_force_again_holds_is_withdrawn_when_it_is_rolled_back_once_more(rule, ada):
    rising = at_50()
    raised = publish(rule, points=10)
    roll_back(roll_back(raised))
    assert states(rising) == [(1, "outdated"), (2, "held")]

    roll_back(raised)

    assert (score(ada), states(rising)) == (40, [(1, "outdated"), (2, "outdated")])


def test_whom_a_cancelled_walk_had_not_come_to_is_held_when_the_publication_is_in_force_again(rule, ada):
    rising = at_50()
    raised = publish(rule, points=10, walk=False)
    undoing = roll_back(raised)
    assert (score(ada), states(rising)) == (40, [])

    again = roll_back(undoing)

    assert (score(ada), states(rising)) == (80, [(1, "held")])
    assert rising.firings.get().publication == again


@pytest.mark.parametrize("state", ["fired", "declined"])
def test_who_was_decided_about_crosses_nothing_when_the_publication_is_in_force_again(rule, ada, state):
    rising = at_50(again="rearm")
    raised = publish(rule, points=10)
    decide = triggers.release if state == "fired" else triggers.decline
    decide(rising.firings.all(), None)

    roll_back(roll_back(raised))

    assert (score(ada), states(rising)) == (80, [(1, state)])


def test_a_rollback_that_is_taken_back_before_its_walk_has_come_to_somebody_holds_again(rule, ada):
    rising = at_50()
    undoing = roll_back(publish(rule, points=10), walk=False)
    assert (score(ada), states(rising)) == (80, [(1, "outdated")])

    again = roll_back(undoing)

    assert (score(ada), states(rising)) == (80, [(1, "outdated"), (2, "held")])
    assert rising.firings.first().publication == again


@pytest.mark.parametrize("again", ["once", "rearm"])
def test_who_stays_past_the_threshold_after_a_rollback_waits_all_the_same(rule, ada, again):
    """40 → (publication) 80, held → (live) 100 → (rollback) 60: without the publication the live points had crossed."""
    rising = at_50(again=again)
    raised = publish(rule, points=10)
    give(ada, rule, 20)

    undoing = roll_back(raised)

    assert (score(ada), states(rising)) == (60, [(1, "outdated"), (2, "held")])
    assert rising.firings.first().publication == undoing
    assert triggers.release(rising.firings.filter(state="held"), None) == (1, 0)


def test_who_is_past_the_old_threshold_waits_when_a_lower_one_is_taken_back(rule, ada):
    at_100 = Trigger.objects.create(name="At 100", threshold=100)
    lowered = publish_trigger(at_100, threshold="30.00")
    assert states(at_100) == [(1, "held")]
    give(ada, rule, 70)

    roll_back(lowered)

    assert (score(ada), states(at_100)) == (110, [(1, "outdated"), (2, "held")])


def test_a_trigger_that_is_off_again_after_a_rollback_holds_nothing(rule, ada):
    off = at_50(is_active=False)
    give(ada, rule, 20)
    switched_on = publish_trigger(off, is_active=True)

    roll_back(switched_on)

    assert (score(ada), states(off)) == (60, [(1, "outdated")])


def test_what_a_person_found_outdated_does_not_come_back_by_a_rollback(rule, ada):
    """Only what rollbacks withdrew: of the rest somebody has decided."""
    rising = at_50(conditions={"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]})
    ada.country = "FR"
    ada.save()
    publish(rule, points=10)
    ada.country = "GB"
    ada.save()
    pipeline.drain()
    assert triggers.release(rising.firings.all(), None) == (0, 1)
    ada.country = "FR"
    ada.save()
    raised = publish(rule, points=20)

    roll_back(raised)

    assert (score(ada), states(rising)) == (80, [(1, "outdated")])


def test_who_never_moved_is_not_armed_again_by_a_cancelled_change_of_weights(rule, ada, engagement):
    rising = at_50(again="rearm", rearm_at=20)
    give(ada, rule, 20)
    draft = publications.open_draft()
    publications.add(draft, "point_group", engagement.pk, {"weight": "0.00"})
    publications.publish(draft, Scope.PAST)

    roll_back(draft)

    assert (score(ada), states(rising), rising.firings.get().rearmed_at) == (60, [(1, "fired")], None)


def test_a_walk_that_puts_a_publication_in_force_again_ends_when_it_is_rolled_back_once_more(rule, ada):
    rising = at_50()
    raised = publish(rule, points=10)
    again = roll_back(roll_back(raised, walk=False), walk=False)

    last = roll_back(raised)

    assert (score(ada), states(rising), sql.differences()) == (40, [(1, "outdated")], [])
    assert [again.sweeps.get().seen, last.sweeps.get().seen] == [0, 1]


def test_of_two_who_were_one_while_a_publication_was_taken_back_neither_waits_when_they_are_two_again(rule, ada):
    bob = ContactFactory(email="bob@example.com")
    for guide in Subject.objects.all():
        download(bob, guide, AT)
    pipeline.drain()
    rising = at_50()
    raised = publish(rule, points=10)
    merge = merging.merge(ada.pk, bob.pk)
    assert states(rising) == [(1, "held"), (2, "declined")]
    roll_back(raised)

    merging.undo(merge)
    pipeline.drain()

    assert [score(ada), score(bob)] == [40, 40]
    assert set(rising.firings.values_list("contact", "state")) == {(ada.pk, "outdated"), (bob.pk, "outdated")}


def test_groups_go_back_and_forth(rule, ada, engagement):
    draft = publications.open_draft()
    publications.add(draft, "point_group", engagement.pk, {"ceiling": 7})
    publications.publish(draft, Scope.PAST)
    pipeline.drain()
    assert score(ada) == 7

    undoing = roll_back(draft)
    assert score(ada) == 40
    roll_back(undoing)
    assert (score(ada), sql.differences()) == (7, [])
