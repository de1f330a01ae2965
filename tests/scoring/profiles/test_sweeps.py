"""What profile rules owe: walks over everybody, days that come, windows that open and close."""

import threading
import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import OperationalError, transaction

from campaigns.models import Firing, Trigger
from config import pipeline
from contacts import holding
from contacts.models import Contact
from scoring import profiles, publications, rules, sql, sweeps
from scoring.models import PointAction, PointEntry, Publication, Sweep
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from scoring.sweeps import Plan
from tests.factories import ContactFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.profiles.conftest import FRENCH, change, intervals, when
from tests.threads import together
from tracking.models import Hit

pytestmark = pytest.mark.django_db


def test_publishing_owes_one_sweep_and_noticing_windows_no_other(profile, ada):
    action = profile()
    pipeline.drain()
    assert Sweep.objects.count() == 1

    rules.archive(action)
    pipeline.drain()
    assert Sweep.objects.count() == 2
    assert set(Sweep.objects.values_list("reason", "seen")) == {("profile_matches +20", 1)}


def test_a_sweep_walks_in_ranges_and_goes_on_where_it_stopped(profile):
    contacts = [ContactFactory(country="FR") for _ in range(7)]
    pipeline.drain()
    profile()

    def seen():
        return Sweep.objects.values_list("seen", flat=True).get(), PointEntry.objects.count()

    with transaction.atomic():
        sweep, ids = sweeps.next_range(3)
        assert ids == [contact.pk for contact in contacts[:3]]
        assert sweep == Sweep.objects.get()
    assert seen() == (0, 0)  # nothing was noted, so the same range comes again

    steps = []
    while pipeline.advance(limit=3):
        steps.append(seen())
    assert steps == [(3, 3), (6, 6), (7, 7), (7, 7)]
    assert Sweep.objects.get().finished_at is not None


def test_a_sweep_that_the_database_breaks_starts_its_range_again(profile, ada, monkeypatch):
    pipeline.drain()
    profile()

    def away(contact_ids, without=()):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(profiles, "hold", away)
        with pytest.raises(OperationalError):
            pipeline.advance()
    assert (Sweep.objects.get().seen, score(ada)) == (0, 0)

    pipeline.drain()
    assert score(ada) == 20


def test_what_a_sweep_crosses_is_held_and_what_a_person_changes_acts(profile, ada, bob):
    trigger = Trigger.objects.create(name="Hot", threshold=20)
    pipeline.drain()
    profile()
    pipeline.drain()
    assert list(trigger.firings.values_list("contact", "state")) == [(ada.pk, "held")]

    change(bob, country="FR")
    assert sorted(trigger.firings.values_list("contact", "state")) == [(ada.pk, "held"), (bob.pk, "fired")]


def test_what_a_bulk_edit_crosses_is_held(profile, bob):
    trigger = Trigger.objects.create(name="Hot", threshold=20)
    profile()
    pipeline.drain()
    with holding.held():
        Contact.objects.filter(pk=bob.pk).update(country="FR")
    pipeline.drain()

    assert (score(bob), list(trigger.firings.values_list("state", flat=True))) == (20, ["held"])


def test_a_window_opens_and_closes_by_itself(profile, ada):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        action = profile(active_from=noon + timedelta(hours=1), active_until=noon + timedelta(hours=2))
        seen = []
        for minutes in (0, 59, 60, 119, 120, 600):
            clock.move_to(noon + timedelta(minutes=minutes))
            pipeline.drain()
            seen.append(score(ada))
    action.refresh_from_db()

    assert seen == [0, 0, 20, 20, 0, 0]
    assert (action.is_holding, Sweep.objects.count()) == (False, 3)
    assert intervals(ada) == [(1, False)]


def test_a_rollback_owes_one_walk_and_noticing_windows_no_other(profile, ada):
    action = profile()
    pipeline.drain()
    for _ in range(2):
        draft = publications.open_draft()
        state = state_of(PointAction.objects.get(pk=action.pk))
        publications.add(draft, "point_action", action.pk, state | {"is_active": not state["is_active"]})
        publications.publish(draft, Publication.Scope.FROM_NOW)
        pipeline.drain()
    Sweep.objects.all().delete()

    for publication in Publication.objects.order_by("-pk"):
        publications.rollback(publication)
        pipeline.drain()

    assert (Sweep.objects.count(), score(ada)) == (2, 20)


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_that_notice_a_window_one_asks_for_the_walk(profile, ada):
    action = profile()
    pipeline.drain()
    Sweep.objects.all().delete()
    PointAction.objects.filter(pk=action.pk).update(is_holding=False)
    noticed = threading.Event()

    def notice(first):
        assert first or noticed.wait(30)
        with transaction.atomic():
            sql.share_rules()
            profiles.notice_windows()
            noticed.set()
            time.sleep(0.5 if first else 0)

    together(lambda: notice(True), lambda: notice(False))
    assert (Sweep.objects.count(), PointAction.objects.get(pk=action.pk).is_holding) == (1, True)


def test_the_crossing_of_a_window_is_held(profile, ada):
    trigger = Trigger.objects.create(name="Hot", threshold=20)
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        profile(active_from=noon + timedelta(hours=1))
        pipeline.drain()
        clock.shift(timedelta(hours=1))
        pipeline.drain()

    assert list(trigger.firings.values_list("state", flat=True)) == ["held"]


def test_a_new_weight_reaches_every_overall_score(profile, publish, fit, engagement, ada, bob):
    publish(5)
    profile(10, group=fit)
    for contact in (ada, bob):
        download(contact, subject(f"guide of {contact}"))
    pipeline.drain()
    assert (score(ada), score(bob)) == (25, 5)

    fit.weight = Decimal("0.25")
    fit.save()
    assert sql.differences() == [
        {"contact_id": ada.pk, "group_id": None, "due": Decimal("7.50"), "score": Decimal("25.00")}
    ]
    Sweep.objects.create(reason="weight")
    pipeline.drain()
    assert (score(ada), score(bob), score(ada, fit)) == (Decimal("7.50"), 5, 10)
    assert sql.differences() == []


def test_an_overall_score_that_a_sweep_moves_twice_crosses_by_where_it_ends(profile, fit, ada):
    """Weight and rule change at once: the points come, the weight goes; in between it was above, never in the end."""
    profile(40, group=fit)
    pipeline.drain()
    assert score(ada) == 80
    trigger, down = (
        Trigger.objects.create(name=direction, threshold=81, direction=direction) for direction in ("rising", "falling")
    )
    terms_before = Rulebook.current().parameters()
    profile(10, group=fit)
    fit.weight = Decimal("1")
    fit.save()
    Sweep.objects.update(plan=asdict(Plan(terms=terms_before, profiles=True)))
    pipeline.drain()

    assert (score(ada), trigger.firings.count(), down.firings.count()) == (50, 0, 0)


def test_contacts_that_come_while_a_sweep_walks_are_not_missed(profile):
    ContactFactory(country="FR")
    profile()
    pipeline.advance(limit=1)
    late = ContactFactory(country="FR")
    pipeline.drain(limit=1)

    assert score(late) == 20
    assert Hit.objects.count() == 0


def test_an_action_published_for_later_holds_when_its_time_comes(profile, ada, engagement):
    action = PointAction.objects.create(
        name="later", source="profile_matches", params=FRENCH, points=3, group=engagement
    )
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        rules.publish(action, since=noon + timedelta(hours=1))
        pipeline.drain()
        assert score(ada) == 0
        clock.shift(timedelta(hours=1))
        pipeline.drain()

    assert score(ada) == 3


def test_points_that_count_days_go_when_their_day_comes_and_what_they_cross_acts(profile, ada):
    with time_machine.travel(datetime(2026, 5, 4, 10, tzinfo=UTC), tick=False):
        Contact.objects.filter(pk=ada.pk).update(created_at=datetime(2026, 5, 1, tzinfo=UTC))
        profile(20, params=when("field", "last_days", 7, field="created_at"))
        Trigger.objects.create(name="No longer new", threshold=10, direction=Trigger.Direction.FALLING)
        pipeline.drain()
        assert score(ada) == Decimal(20)
    with time_machine.travel(datetime(2026, 5, 9, 10, tzinfo=UTC), tick=False):
        pipeline.drain()
        assert (score(ada), Firing.objects.count()) == (Decimal(0), 1)
        assert Firing.objects.get().state == Firing.State.FIRED
        pipeline.drain()

    assert list(Sweep.objects.filter(day__isnull=False).values_list("day", flat=True).order_by("day")) == [
        date(2026, 5, 4),
        date(2026, 5, 9),
    ]


def test_rules_that_count_no_days_owe_no_daily_sweep(profile, ada):
    profile()
    pipeline.drain()

    assert Sweep.objects.filter(day__isnull=False).count() == 0
