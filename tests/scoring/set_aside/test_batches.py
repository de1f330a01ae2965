"""What the database refuses for Bob is set aside, and everybody else goes on: adjustments, changes, days, previews."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import OperationalError, transaction

from campaigns.models import Firing
from config import pipeline
from contacts.models import Change, Contact
from scoring import ledger, previews, publications, set_aside, terms
from scoring.models import Adjustment, ContactScore, Forecast, PointEntry, SetAside
from scoring.publishing.actions import state_of
from tests.factories import SegmentFactory, TriggerFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.set_aside.conftest import AT, Scope, Work, aside, nothing_is_wrong, try_again
from tracking.models import Hit, Subject

pytestmark = pytest.mark.django_db


# --- the one idea -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [[], [0], [6], [3, 4], list(range(7))])
def test_whoever_breaks_a_batch_is_put_aside_and_all_others_are_done_once(bad):
    done, put = [], []

    def work(ids):
        with transaction.atomic():
            if wrong := [pk for pk in ids if pk in bad]:
                raise ValueError(f"no {wrong[0]}")
        done.extend(ids)
        return len(ids)

    assert set_aside.each(range(7), work, lambda pk, error: put.append((pk, error.splitlines()[-1]))) == 7
    assert done == [pk for pk in range(7) if pk not in bad]
    assert put == [(pk, f"ValueError: no {pk}") for pk in bad]


def test_trouble_of_the_database_is_nobodys_fault(ada, bob, engagement, refuse):
    refuse(ada, code="55P03")  # a lock that is not available
    ledger.adjust(ada.pk, engagement.pk, 5, note="x")

    with pytest.raises(OperationalError):
        pipeline.advance()
    assert (aside(), ledger.waiting_adjustments(9)) == ([], [Adjustment.objects.get().pk])

    refuse.no_more()
    pipeline.drain()
    assert score(ada) == 5


# --- adjustments and changes --------------------------------------------------------------------------------------------


def test_an_adjustment_that_cannot_be_stored_keeps_no_other_from_the_scores(ada, bob, cleo, engagement, refuse):
    refuse(bob)
    for contact in (ada, bob, cleo):
        ledger.adjust(contact.pk, engagement.pk, 5, note="fair")
    pipeline.drain()

    wrong = Adjustment.objects.get(contact=bob)
    assert [score(contact) for contact in (ada, bob, cleo)] == [5, 0, 5]
    assert aside() == [(Work.ADJUSTMENT, bob.pk, wrong.pk)]
    assert SetAside.objects.get().problem == f"numeric field overflow for contact {bob.pk}"
    assert wrong.applied_at is None

    refuse.no_more()
    pipeline.drain()
    assert score(bob) == 0  # nobody has tried it again
    assert try_again() == 1
    assert (score(bob), nothing_is_wrong()) == (5, True)


def test_an_adjustment_that_fails_again_is_set_aside_with_its_latest_error(bob, engagement, refuse):
    refuse(bob)
    ledger.adjust(bob.pk, engagement.pk, 5, note="fair")
    pipeline.drain()
    [first] = SetAside.objects.all()

    try_again()

    [second] = SetAside.objects.all()
    assert (second.ref_id, second.at > first.at) == (first.ref_id, True)


@pytest.mark.parametrize("held", [False, True])
def test_a_change_that_cannot_be_scored_keeps_no_other_waiting(ada, bob, cleo, publish, refuse, held):
    french = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    publish(20, source="profile_matches", params=french)
    pipeline.drain()
    refuse(bob)
    Contact.objects.filter(pk__in=[ada.pk, bob.pk, cleo.pk]).update(country="FR")
    Change.objects.update(held=held)
    pipeline.drain()

    [left] = Change.objects.all()
    assert [score(contact) for contact in (ada, bob, cleo)] == [20, 0, 20]
    assert aside() == [(Work.CHANGE, bob.pk, left.pk)]

    refuse.no_more()
    assert try_again() == 1
    assert (score(bob), nothing_is_wrong(), Change.objects.count()) == (20, True, 0)


def test_what_is_set_aside_of_a_contact_who_is_deleted_goes_with_them(bob, engagement, refuse):
    refuse(bob)
    ledger.adjust(bob.pk, engagement.pk, 5, note="fair")
    pipeline.drain()
    refuse.no_more()

    bob.delete()
    pipeline.drain()
    assert nothing_is_wrong()


# --- days ---------------------------------------------------------------------------------------------------------------


def test_points_expire_for_all_others(ada, bob, cleo, publish, refuse):
    with time_machine.travel(AT, tick=False) as clock:
        publish(5, expires_after_days=10)
        for contact in (ada, bob, cleo):
            download(contact, Subject.objects.filter(key="guide").first() or subject("guide"), AT)
        pipeline.drain()
        refuse(bob, "scoring_pointentry", when="NEW.is_expired")
        clock.shift(timedelta(days=11))
        pipeline.drain()

        assert [score(contact) for contact in (ada, bob, cleo)] == [0, 5, 0]
        assert aside() == [(Work.EXPIRY, bob.pk, bob.pk)]

        refuse.no_more()
        assert try_again() == 1
        assert (score(bob), nothing_is_wrong()) == (0, True)


def test_a_day_turns_though_one_firing_cannot_be_written(ada, bob, cleo, publish, engagement, refuse):
    with time_machine.travel(AT, tick=False) as clock:
        terms.publish(engagement, {"half_life_days": 10})
        publish(20)
        for contact in (ada, bob, cleo):
            download(contact, Subject.objects.filter(key="guide").first() or subject("guide"), AT)
        pipeline.drain()
        TriggerFactory(name="Cold", group=engagement, direction="falling", threshold=15)
        refuse(bob, "campaigns_firing")
        clock.shift(timedelta(days=10))
        ContactScore.objects.update(updated_at=AT)  # the clock of the database is not ours
        pipeline.drain()

        assert list(Firing.objects.order_by("contact").values_list("contact", "state")) == [
            (ada.pk, "fired"),
            (cleo.pk, "fired"),
        ]
        assert aside() == [(Work.FADING, bob.pk, bob.pk)]
        refuse.no_more()
        assert try_again() == 1
        assert nothing_is_wrong()


# --- the preview --------------------------------------------------------------------------------------------------------


def test_a_preview_is_made_without_the_one_who_breaks_it(action, ada, bob, cleo, refuse):
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 7})
    refuse(bob, "scoring_forecast")
    previews.request(draft, Scope.PAST)
    while previews.step():
        pass
    draft.refresh_from_db()

    assert (draft.forecast_done_at is None, draft.forecast_seen) == (False, 3)
    expected = {(contact.pk, Decimal(7)) for contact in (ada, cleo)}
    assert set(Forecast.objects.filter(group=None).values_list("contact", "after")) == expected
    assert [(row.contact, row.ref_id) for row in publications.without(draft)] == [(bob, draft.pk)]

    refuse.no_more()
    previews.request(draft, Scope.PAST)
    while previews.step():
        pass
    assert (Forecast.objects.filter(group=None).count(), aside()) == (3, [])


def test_whom_the_preview_left_out_is_forgotten_when_the_draft_is_published(action, bob, refuse):
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 7})
    refuse(bob, "scoring_forecast")
    previews.request(draft, Scope.PAST)
    while previews.step():
        pass
    assert len(aside()) == 1

    publications.publish(draft, Scope.PAST)
    assert aside() == []


def test_bulk_work_that_lets_somebody_into_a_segment_goes_on_without_who_cannot_come_in(ada, bob, publish, refuse):
    """The walk's own consequences are part of it: here the membership is what cannot be stored."""
    publish(20)
    about = subject("guide")
    segment = SegmentFactory(
        conditions={"all": [{"filter": "score", "group": "overall", "op": "at_least", "value": 10}]}
    )
    refuse(bob, "contacts_membership")
    for contact in (ada, bob):
        download(contact, about, AT)
    pipeline.drain()

    assert [member.contact_id for member in segment.memberships.all()] == [ada.pk]
    assert (Hit.objects.filter(parked_at__isnull=False).count(), PointEntry.objects.count()) == (1, 1)
