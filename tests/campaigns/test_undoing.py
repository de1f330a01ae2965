"""Taking a publication back: what it held comes to nothing, and the way back crosses nothing."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from campaigns import publishing, triggers
from campaigns.models import Delivery, Firing, Trigger
from config import pipeline
from scoring import ledger, publications, sql
from scoring.models import Publication
from scoring.publishing.actions import state_of as action_state
from tests.factories import ContactFactory
from tests.scoring.conftest import download, score, subject

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


def publish(rule, **changes):
    rule.refresh_from_db()
    draft = publications.open_draft()
    publications.add(draft, "point_action", rule.pk, action_state(rule) | changes)
    publications.publish(draft, Scope.PAST)
    pipeline.drain()
    return Publication.objects.get(pk=draft.pk)


def roll_back(publication):
    undoing = publishing.roll_back(Publication.objects.get(pk=publication.pk), None)
    pipeline.drain()
    return undoing


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
    draft = publications.open_draft()
    publications.add(draft, "trigger", off.pk, publishing.state_of(off) | {"is_active": True})
    publications.publish(draft, Scope.FROM_NOW)
    assert states(off) == [(1, "held")]

    undoing = roll_back(draft)
    assert states(off) == [(1, "outdated")]
    roll_back(undoing)

    off.refresh_from_db()
    assert (off.is_active, states(off)) == (True, [(1, "outdated"), (2, "held")])
    assert Delivery.objects.count() == 0


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
