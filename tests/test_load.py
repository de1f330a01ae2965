"""What a generated world promises."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.db.models import Count, F, Sum

from campaigns.models import Delivery, Firing
from config.load import events, load
from config.load.plan import Plan
from contacts.models import Change, Contact, Membership, Segment
from scoring import sql
from scoring.models import ContactScore, PointAction, PointActionVersion, PointEntry, PointGroup, Repeat, Sweep
from tracking.models import Event, Hit, Kind, Subject

pytestmark = pytest.mark.slow  # for its world
PLAN = Plan(contacts=200, events=2000, until=datetime(2026, 6, 15, 12, tzinfo=UTC), workers=1)


@pytest.fixture(scope="module")
def generated(django_db_setup, django_db_blocker):
    """A tiny world; everything is rolled back when the module's tests are done."""
    with django_db_blocker.unblock(), transaction.atomic():
        load.generate(PLAN, say=lambda sentence: None)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(generated, db):
    """The generated world; what a test changes is undone after it."""


def test_there_is_as_much_as_was_asked_for(world):
    assert Contact.objects.count() == 200
    assert Event.objects.count() == 2000
    assert PointAction.objects.count() == 50
    assert PointGroup.objects.count() == 4
    assert set(PointAction.objects.values_list("repeat", flat=True)) == set(Repeat.values)


def test_the_events_are_spread_over_a_year_and_skewed_over_contacts_and_subjects(world):
    moments = Event.objects.order_by("id").values_list("at", flat=True)
    assert (moments.first(), list(moments) == sorted(moments)) == (PLAN.start, True)
    assert max(moments) < PLAN.until
    kinds = dict(Event.objects.values_list("kind").annotate(n=Count("*")))
    assert 900 < kinds[Kind.EMAIL_OPENED] < 1100
    assert 500 < kinds[Kind.PAGE_VISITED] < 700
    busiest = Event.objects.values("contact").annotate(n=Count("*")).order_by("-n").values_list("contact", "n")
    assert busiest[0][0] == PLAN.contact(0)
    assert sum(n for _contact, n in busiest[:50]) > 900  # a quarter of the contacts has half the events


def test_every_event_is_about_a_subject_of_its_kind(world):
    types = {
        Kind.EMAIL_OPENED: Subject.Type.EMAIL,
        Kind.EMAIL_CLICKED: Subject.Type.LINK,
        Kind.PAGE_VISITED: Subject.Type.PAGE,
        Kind.FORM_SUBMITTED: Subject.Type.FORM,
        Kind.ASSET_DOWNLOADED: Subject.Type.ASSET,
    }
    assert set(Event.objects.values_list("kind", "subject__type").distinct()) == {
        (int(kind), str(type)) for kind, type in types.items()
    }


def test_nothing_waits_for_the_pipeline_and_nothing_acts(world):
    assert Change.objects.count() == 0
    assert Hit.objects.count() == 0
    assert not Sweep.objects.filter(finished_at=None).exists()
    assert Delivery.objects.count() == 0
    assert set(Firing.objects.values_list("state", flat=True)) == {Firing.State.MARKED}


def test_changes_are_noted_again_afterwards(world):
    Contact.objects.filter(pk=1).update(city="Rennes")
    new = Contact.objects.create(email="new@example.com")

    assert list(Change.objects.values_list("contact_id", "kind")) == [(1, "updated"), (new.pk, "created")]


def test_the_ledger_is_that_of_real_versions_and_the_scores_are_its_sum(world):
    assert sql.differences() == []
    earned = PointEntry.objects.aggregate(points=Sum(F("credited") * F("version__points")))["points"]
    assert ContactScore.objects.filter(group__isnull=False).aggregate(Sum("score"))["score__sum"] == earned
    assert PointActionVersion.objects.filter(valid_from=PLAN.start, number=1).count() == 50


def test_the_segments_are_filled_and_the_triggers_know_who_is_above(world):
    demanding, plain = Segment.objects.filter(is_dynamic=True).order_by("name")
    french = Contact.objects.filter(country="FR").values_list("pk", flat=True)
    assert set(plain.memberships.values_list("contact_id", flat=True)) == set(french)
    assert 0 < demanding.memberships.count() < 200
    above = ContactScore.objects.filter(group=None, score__gte=50).count()
    assert Firing.objects.filter(trigger__threshold=50).count() == above
    assert Membership.objects.exclude(reason=Membership.Reason.RULE).count() == 0


def test_the_same_seed_makes_the_same_and_another_seed_makes_another():
    assert _made(PLAN) == _made(PLAN) != _made(replace(PLAN, seed=43))


@pytest.mark.parametrize("contacts", [1, 7, 200, 1000])
def test_every_contact_has_one_rank(contacts):
    plan = Plan(contacts=contacts)

    assert {plan.contact(rank) for rank in range(contacts)} == set(range(1, contacts + 1))


def test_the_contact_asked_for_is_about_that_busy():
    plan = Plan(contacts=100_000, events=1_000_000)
    rank = next(rank for rank in range(100_000) if plan.contact(rank) == plan.busy_with(200))

    expected = plan.events * (((rank + 1) / plan.contacts) ** 0.5 - (rank / plan.contacts) ** 0.5)
    assert 195 < expected < 205


def _made(plan):
    """The first events of a plan, about the only subject of each type."""
    about = events.Subjects([1], [2], [3], [4], [5])
    return list(events._lines(plan, about, 1, range(100)))
