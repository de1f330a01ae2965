"""A campaign goes step by step, each once, whatever becomes of the campaign meanwhile."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from campaigns import delivery, enrolments
from campaigns.models import Delivery, Enrolment, StepRun
from campaigns.registry import steps
from campaigns.steps.wait import until
from contacts.models import ContactTag
from scoring.models import Adjustment, PointGroup
from tests.campaigns.enrolling import FRENCH, HOUR, add_tag, runs, state
from tests.factories import CampaignFactory, ContactFactory, StepFactory, TagFactory
from tests.threads import together
from tracking import subjects
from tracking.models import Hit, Kind, Subject

pytestmark = pytest.mark.django_db


def test_steps_are_done_in_order_each_once_with_a_delivery_and_an_event(campaign, anne, tag):
    first, second = add_tag(campaign, tag, 1), StepFactory(campaign=campaign, type="wait", params=HOUR, position=2)
    last = add_tag(campaign, TagFactory(name="later"), 3)
    enrolments.enrol(campaign, [anne.pk], "manual", "by hand")
    with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False) as clock:
        assert enrolments.advance_due() == 2
        assert enrolments.advance_due() == 0
        enrolment = Enrolment.objects.get()
        assert (enrolment.position, enrolment.due_at) == (2, timezone.now() + timedelta(hours=1))
        assert delivery.perform_due() == 1
        clock.shift(timedelta(hours=1))
        enrolments.advance_due()
        delivery.perform_due()

    assert [step for _email, step, _outcome in runs(campaign)] == ["change_tags", "wait", "change_tags"]
    assert state(campaign) == [("anne@example.com", 1, "finished", "manual")]
    assert sorted(ContactTag.objects.values_list("tag__name", flat=True)) == ["later", "warm"]
    reached = Hit.objects.filter(kind=Kind.CAMPAIGN_STEP).order_by("id").values_list("subject_id", flat=True)
    assert list(reached) == [subjects.register(Subject.Type.STEP, s.pk, str(s)).pk for s in (first, second, last)]


def test_editing_a_live_campaign_redoes_nothing(campaign, anne, tag):
    first = add_tag(campaign, tag, 1)
    wait = StepFactory(campaign=campaign, type="wait", params=HOUR, position=2)
    enrolments.enrol(campaign, [anne.pk], "manual")
    with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False) as clock:
        enrolments.advance_due()
        first.position, wait.position = 9, 1
        first.save()
        wait.save()
        archived = add_tag(campaign, TagFactory(), 3)
        archived.archived_at = timezone.now()
        archived.save()
        new = add_tag(campaign, TagFactory(name="new"), 4)
        clock.shift(timedelta(hours=2))
        enrolments.advance_due()

    assert list(StepRun.objects.order_by("id").values_list("step", flat=True)) == [first.pk, wait.pk, new.pk]


@pytest.mark.parametrize(
    ("otherwise", "french", "british"),
    [
        ("end", ["condition", "change_tags", "change_tags"], ["condition"]),
        ("skip", ["condition", "change_tags", "change_tags"], ["condition", "change_tags", "change_tags"]),
    ],
)
def test_a_condition_decides_who_goes_on(campaign, anne, briton, otherwise, french, british):
    StepFactory(campaign=campaign, type="condition", params={"conditions": FRENCH, "otherwise": otherwise}, position=1)
    add_tag(campaign, TagFactory(name="fr"), 2)
    add_tag(campaign, TagFactory(name="all"), 3)
    enrolments.enrol(campaign, [anne.pk, briton.pk], "manual")

    enrolments.advance_due()
    delivery.perform_due()

    def steps(contact):
        return [step for email, step, _outcome in runs(campaign) if email == contact.email]

    assert (steps(anne), steps(briton)) == (french, british)
    assert sorted(anne.contact_tags.values_list("tag__name", flat=True)) == ["all", "fr"]
    assert list(briton.contact_tags.values_list("tag__name", flat=True)) == (["all"] if otherwise == "skip" else [])
    assert {row[2] for row in state(campaign)} == {"finished"}


def test_points_of_a_step_are_an_adjustment_made_once(campaign, anne):
    group = PointGroup.objects.create(name="Engagement")
    StepFactory(campaign=campaign, type="add_points", params={"group": group.pk, "points": -5}, position=1)
    enrolments.enrol(campaign, [anne.pk], "manual")
    enrolments.advance_due()
    delivery.perform_due()
    Delivery.objects.update(state="queued")
    delivery.perform_due()

    rows = Adjustment.objects.values_list("contact", "group", "points", "origin", "note")
    assert list(rows) == [(anne.pk, group.pk, -5, "campaign", "Welcome")]


def test_a_step_that_is_not_installed_is_left_out_and_says_so(campaign, anne, tag):
    StepFactory(campaign=campaign, type="carrier_pigeon", position=1)
    add_tag(campaign, tag, 2)
    enrolments.enrol(campaign, [anne.pk], "manual")

    enrolments.advance_due()

    assert runs(campaign) == [
        ("anne@example.com", "carrier_pigeon", "Left out: the step “carrier_pigeon” is not installed."),
        ("anne@example.com", "change_tags", ""),
    ]


def test_a_broken_step_does_not_hold_up_other_campaigns(campaign, anne, tag):
    broken = CampaignFactory()
    StepFactory(campaign=broken, type="wait", params={"amount": "many", "unit": "hours"}, position=1)
    add_tag(campaign, tag, 1)
    for each in (broken, campaign):
        enrolments.enrol(each, [anne.pk], "manual")

    enrolments.advance_due()

    assert (state(campaign)[0][2], state(broken)[0][2]) == ("finished", "active")
    assert Enrolment.objects.get(campaign=broken).due_at > timezone.now() + timedelta(minutes=4)


def test_contacts_of_an_inactive_campaign_wait(campaign, anne, tag):
    add_tag(campaign, tag, 1)
    enrolments.enrol(campaign, [anne.pk], "manual")
    campaign.is_active = False
    campaign.save()

    assert (enrolments.advance_due(), state(campaign)[0][2]) == (0, "active")


def test_leaving_ends_the_way(campaign, anne, tag):
    add_tag(campaign, tag, 1)
    enrolments.enrol(campaign, [anne.pk], "manual")

    assert (enrolments.leave(campaign, [anne.pk]), enrolments.leave(campaign, [anne.pk])) == (1, 0)
    assert (enrolments.advance_due(), runs(campaign)) == (0, [])


PARIS = ZoneInfo("Europe/Paris")
FRIDAY = datetime(2026, 1, 9, 15, tzinfo=UTC)  # 16:00 in Paris


@pytest.mark.parametrize(
    ("case", "params", "due"),
    [
        ("an amount", {"amount": 3, "unit": "days"}, datetime(2026, 1, 12, 16, tzinfo=PARIS)),
        ("later today", {"amount": 0, "unit": "days", "at": "18:00:00"}, datetime(2026, 1, 9, 18, tzinfo=PARIS)),
        ("tomorrow", {"amount": 0, "unit": "days", "at": "09:00:00"}, datetime(2026, 1, 10, 9, tzinfo=PARIS)),
        ("a weekday", {"amount": 0, "unit": "days", "weekdays": [0, 1]}, datetime(2026, 1, 12, tzinfo=PARIS)),
        (
            "a weekday at a time",
            {"amount": 1, "unit": "hours", "at": "09:00:00", "weekdays": [0, 1, 2, 3, 4]},
            datetime(2026, 1, 12, 9, tzinfo=PARIS),
        ),
        ("today is fine", {"amount": 1, "unit": "hours", "weekdays": [4]}, datetime(2026, 1, 9, 17, tzinfo=PARIS)),
        ("summer time", {"amount": 12, "unit": "weeks", "at": "09:00:00"}, datetime(2026, 4, 4, 9, tzinfo=PARIS)),
    ],
)
def test_waiting_ends_by_the_contacts_own_clock(case, params, due):
    assert until(params, FRIDAY, PARIS) == due


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"amount": 1, "unit": "days"}, "wait 1 day"),
        ({"amount": 2, "unit": "hours", "at": "09:00:00"}, "wait 2 hours, then until 9 a.m."),
        ({"amount": 0, "unit": "days", "at": "09:00:00", "weekdays": [0, 1]}, "wait until Monday or Tuesday at 9 a.m."),
    ],
)
def test_waiting_is_said_in_words(params, words):
    assert steps["wait"].describe(params) == words


def test_time_of_day_is_read_in_a_strange_zone_too():
    tokyo = ZoneInfo("Asia/Tokyo")

    assert until({"amount": 0, "unit": "days", "at": "09:00:00"}, FRIDAY, tokyo).timetz() == time(9, tzinfo=tokyo)


@pytest.mark.django_db(transaction=True)
def test_two_workers_enrol_a_contact_once(campaign, anne):
    assert sorted(together(*[lambda: enrolments.enrol(campaign, [anne.pk], "manual")] * 4)) == [0, 0, 0, 1]


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_each_step_once(campaign, tag):
    for position in range(5):
        add_tag(campaign, tag, position)
    contacts = [ContactFactory() for _number in range(20)]
    enrolments.enrol(campaign, [contact.pk for contact in contacts], "manual")

    together(*[lambda: enrolments.advance_due(limit=7)] * 3)
    enrolments.advance_due()

    assert (StepRun.objects.count(), Delivery.objects.count()) == (100, 100)
    assert set(Enrolment.objects.values_list("state", "position")) == {("finished", 5)}
