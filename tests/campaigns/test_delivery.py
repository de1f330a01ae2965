import time
from datetime import timedelta

import pytest
import time_machine
from django import forms
from django.utils import timezone

from campaigns import delivery
from campaigns.models import Attempt, Delivery
from campaigns.registry import Action, DeliveryError, Skipped, actions
from contacts.models import ContactTag
from tests.factories import ContactFactory, DeliveryFactory, TagFactory
from tests.threads import together

pytestmark = pytest.mark.django_db
State = Delivery.State


class Recording(Action):
    """An action that talks to a world we can see: `seen` keeps the keys, `problem` is raised."""

    key = "recording"
    label = "Recording"
    external = True

    class Form(forms.Form):
        pass

    def __init__(self):
        self.seen, self.problem, self.pause = [], None, 0

    def perform(self, delivery, params):
        self.seen.append(str(delivery.key))
        time.sleep(self.pause)
        if self.problem:
            raise self.problem
        return "Seen."


@pytest.fixture
def action(monkeypatch):
    action = Recording()
    monkeypatch.setitem(actions._types, "recording", action)
    return action


@pytest.fixture
def queued(action):
    return DeliveryFactory(type="recording")


def attempts(queued):
    return list(Attempt.objects.filter(delivery=queued).values_list("number", "succeeded", "detail"))


def test_a_delivery_is_performed_once_and_says_what_came_of_it(queued, action):
    assert (delivery.perform(queued.pk), delivery.perform(queued.pk)) == (True, False)

    queued.refresh_from_db()
    assert (queued.state, queued.outcome, queued.attempt_count) == (State.SENT, "Seen.", 1)
    assert queued.done_at is not None
    assert attempts(queued) == [(1, True, "Seen.")]
    assert action.seen == [str(queued.key)]


def test_a_delivery_whose_time_has_not_come_waits(queued, action):
    Delivery.objects.update(not_before=timezone.now() + timedelta(minutes=1))

    assert (delivery.perform(queued.pk), delivery.perform_due()) == (False, 0)
    assert action.seen == []


def test_perform_due_takes_the_longest_due_first_and_no_more_than_asked(action):
    now = timezone.now()
    _late, later, latest = (
        DeliveryFactory(type="recording", not_before=now - timedelta(minutes=minutes)) for minutes in (1, 2, 3)
    )

    assert delivery.perform_due(limit=2) == 2
    assert action.seen == [str(latest.key), str(later.key)]
    assert delivery.perform_due() == 1


def test_the_retry_schedule_is_one_minute_to_twelve_hours_and_then_no_more():
    minutes = [wait and wait.total_seconds() / 60 for wait in map(delivery.retry_after, range(8))]

    assert minutes == [None, 1, 5, 30, 120, 720, None, None]


def test_a_passing_failure_is_tried_again_on_schedule_and_given_up_visibly(queued, action):
    action.problem = DeliveryError("busy", permanent=False)
    began = timezone.now()
    waits = []
    with time_machine.travel(began, tick=False) as clock:
        while delivery.perform(queued.pk):
            queued.refresh_from_db()
            if queued.state == State.RETRYING:
                waits.append((queued.not_before - timezone.now()).total_seconds() / 60)
                clock.shift(queued.not_before - timezone.now() - timedelta(seconds=1))
                assert not delivery.perform(queued.pk)
                clock.shift(1)

    assert waits == [1, 5, 30, 120, 720]
    assert (queued.state, queued.outcome, queued.attempt_count) == (State.FAILED, "busy", 6)
    assert attempts(queued) == [(number, False, "busy") for number in range(1, 7)]
    assert set(action.seen) == {str(queued.key)}


def test_a_permanent_failure_is_given_up_at_once(queued, action):
    action.problem = DeliveryError("no such thing", permanent=True)

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, queued.outcome) == (State.FAILED, "no such thing")
    assert queued.done_at is not None


def test_what_shall_not_be_done_is_skipped_with_its_reason(queued, action):
    action.problem = Skipped("The contact has no email address.")

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, queued.outcome) == (State.SKIPPED, "The contact has no email address.")
    assert attempts(queued) == [(1, False, "The contact has no email address.")]


def test_a_bug_in_an_action_is_recorded_and_tried_again(queued, action):
    action.problem = KeyError("oops")

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, queued.outcome) == (State.RETRYING, "KeyError: 'oops'")


def test_an_action_that_is_not_installed_fails_visibly():
    retired = DeliveryFactory(type="carrier_pigeon")

    delivery.perform(retired.pk)

    retired.refresh_from_db()
    assert (retired.state, retired.outcome) == (State.FAILED, "The action “carrier_pigeon” is not installed.")


def test_a_database_action_and_its_mark_are_one_transaction(monkeypatch):
    tag = TagFactory()
    queued = DeliveryFactory(type="change_tags", params={"add": [tag.pk], "remove": []})
    monkeypatch.setattr(delivery, "_finish", interrupted(delivery._finish))

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, ContactTag.objects.count()) == (State.RETRYING, 0)


def interrupted(finish):
    """Fail at the first call, right after the action has done its work."""
    calls = []

    def broken(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError("the connection broke")
        return finish(*args, **kwargs)

    return broken


def stick(queued, *, begun):
    """As a worker leaves it that is killed -9: before or after it began."""
    Delivery.objects.filter(pk=queued.pk).update(
        state=State.IN_FLIGHT, attempt_count=1, claimed_at=timezone.now() - timedelta(minutes=11)
    )
    if begun:
        Attempt.objects.create(delivery=queued, number=1)


def test_a_delivery_whose_worker_was_lost_is_tried_again_with_the_same_key(queued, action):
    stick(queued, begun=True)

    assert (delivery.sweep(), delivery.sweep()) == (1, 0)
    queued.refresh_from_db()
    assert (queued.state, attempts(queued)[0][:2]) == (State.RETRYING, (1, False))

    with time_machine.travel(queued.not_before + timedelta(seconds=1)):
        assert delivery.perform(queued.pk)
    queued.refresh_from_db()
    assert (queued.state, action.seen) == (State.SENT, [str(queued.key)])
    assert [attempt[:2] for attempt in attempts(queued)] == [(1, False), (2, True)]


def test_a_delivery_that_was_claimed_but_never_begun_is_due_again_at_once(queued):
    stick(queued, begun=False)

    delivery.sweep()

    assert delivery.perform(queued.pk)


def test_a_worker_that_is_busy_is_not_swept(queued):
    stick(queued, begun=True)
    Delivery.objects.update(claimed_at=timezone.now() - timedelta(minutes=9))

    assert delivery.sweep() == 0


def test_a_worker_thought_dead_cannot_overwrite_what_its_successor_recorded(queued, action):
    def take_over(*args):
        stick(queued, begun=False)
        delivery.sweep()
        Delivery.objects.update(state=State.CANCELLED)
        raise DeliveryError("too late", permanent=True)

    action.perform = take_over

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert queued.state == State.CANCELLED


def test_trying_again_and_cancelling_leave_alone_what_was_sent(queued, action):
    sent, failed = (
        DeliveryFactory(type="recording", state=State.SENT),
        DeliveryFactory(type="recording", state="failed"),
    )
    everything = Delivery.objects.all()

    assert delivery.try_again(everything) == 2
    assert set(Delivery.objects.filter(state=State.QUEUED)) == {queued, failed}
    assert delivery.cancel(everything) == 2
    assert Delivery.objects.get(pk=sent.pk).state == State.SENT
    assert delivery.perform_due() == 0


def test_ring_due_counts_what_is_due_and_rings_for_it(action, monkeypatch):
    rung = []
    monkeypatch.setattr(delivery.current_app, "send_task", lambda name, **options: rung.append(name))
    DeliveryFactory.create_batch(30, type="recording")

    assert delivery.ring_due() == 30
    assert rung == ["campaigns.perform_due"] * 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_claim_one_delivery_perform_it_once(queued, action):
    action.pause = 0.2

    results = together(*[lambda: delivery.perform(queued.pk)] * 4)

    assert sorted(results) == [False, False, False, True]
    assert action.seen == [str(queued.key)]


@pytest.mark.django_db(transaction=True)
def test_workers_that_take_what_is_due_share_it_out(action):
    action.pause = 0.01
    contact = ContactFactory()
    queued = [DeliveryFactory(type="recording", contact=contact) for _number in range(20)]

    results = together(*[lambda: delivery.perform_due(limit=20)] * 3)

    assert sum(results) == 20
    assert sorted(action.seen) == sorted(str(row.key) for row in queued)
