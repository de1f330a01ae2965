"""Enrolments of bulk work wait until somebody releases or declines them."""

import pytest
from django.contrib.auth.models import Permission

from campaigns import enrolments
from campaigns.models import Enrolment
from config import pipeline
from contacts import holding
from contacts.models import Contact
from scoring import rules
from scoring.models import PointAction, PointGroup
from tests.campaigns.enrolling import FRENCH, add_tag, entered, event, state
from tests.factories import SegmentFactory, UserFactory
from tests.threads import together
from tracking import subjects
from tracking.models import Event, Form, Hit, Kind, Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads(campaign):
    segment = SegmentFactory(name="Leads", conditions={"all": [FRENCH]})
    campaign.segments.add(segment)
    pipeline.drain()
    return segment


def told(campaign):
    """Whom a started campaign was recorded for."""
    about = Subject.objects.filter(type="campaign", ref_id=campaign.pk)
    started = Event.objects.filter(kind=Kind.CAMPAIGN_STARTED, subject__in=about)
    return sorted(started.values_list("contact__email", flat=True))


def in_bulk(**values):
    with holding.held():
        Contact.objects.update(**values)
    pipeline.drain()


def test_a_segment_entered_by_bulk_work_starts_nothing_until_it_is_released(campaign, leads, anne, briton, tag):
    add_tag(campaign, tag, 1)
    pipeline.drain()
    in_bulk(country="FR")
    enrolments.advance_due()

    assert state(campaign) == [
        ("anne@example.com", 1, "finished", "segment"),  # was French before, by herself
        ("briton@example.com", 1, "held", "segment"),
    ]
    assert told(campaign) == ["anne@example.com"]

    user, held = UserFactory(), Enrolment.objects.filter(state="held")
    assert (enrolments.release(held, user), enrolments.release(Enrolment.objects.all(), user)) == ((1, 0), (0, 0))
    pipeline.drain()
    assert told(campaign) == ["anne@example.com", "briton@example.com"]
    assert Enrolment.objects.get(contact=briton).decided_by == user
    enrolments.advance_due()
    assert {row[2] for row in state(campaign)} == {"finished"}


def test_a_publication_that_lets_a_crowd_into_a_segment_starts_nothing(campaign, anne, briton):
    group = PointGroup.objects.create(name="Engagement")
    rule = PointAction.objects.create(name="French", source="profile_matches", points=5, group=group)
    rule.params = {"conditions": {"all": [FRENCH]}}
    rule.save()
    campaign.segments.add(
        SegmentFactory(conditions={"all": [{"filter": "score", "group": "overall", "op": "at_least", "value": 5}]})
    )
    pipeline.drain()
    rules.publish(rule)
    pipeline.drain()

    assert state(campaign) == [("anne@example.com", 1, "held", "segment")]


def test_declined_enrolments_stay_on_record_and_begin_when_something_else_starts_them(campaign, leads, briton):
    pipeline.drain()
    in_bulk(country="FR")

    assert enrolments.decline(Enrolment.objects.all(), None) == 1
    assert state(campaign) == [("briton@example.com", 1, "declined", "segment")]
    assert enrolments.release(Enrolment.objects.all(), None) == (0, 0)

    assert enrolments.enrol(campaign, [briton.pk], "manual") == 1
    assert [row[1:] for row in state(campaign)] == [(1, "declined", "segment"), (2, "active", "manual")]


def test_who_has_left_the_segment_meanwhile_does_not_begin(campaign, leads, briton):
    pipeline.drain()
    in_bulk(country="FR")
    briton.country = "GB"
    briton.save()
    pipeline.drain()

    assert enrolments.release(Enrolment.objects.all(), None) == (0, 1)
    assert [row[2] for row in state(campaign)] == ["outdated"]
    assert told(campaign) == []


def test_what_happens_by_itself_begins_what_waits(campaign, leads, briton):
    form = Form.objects.create(name="Contact us")
    campaign.forms.add(form)
    pipeline.drain()
    in_bulk(country="FR")

    about = subjects.register(Subject.Type.FORM, form.pk, form.name)
    assert enrolments.begin([event(Kind.FORM_SUBMITTED, briton, about)]) == 1

    assert state(campaign) == [("briton@example.com", 1, "active", "form")]
    pipeline.drain()
    assert told(campaign) == ["briton@example.com"]


def test_bulk_work_again_makes_nobody_wait_twice_nor_who_is_under_way(campaign, anne, briton):
    segment = SegmentFactory()
    campaign.segments.add(segment)
    enrolments.enrol(campaign, [anne.pk], "manual")
    ids = [entered(segment, anne), entered(segment, briton)]

    assert (enrolments.begin(ids, held=True), enrolments.begin(ids, held=True)) == (1, 0)
    assert [row[:3] for row in state(campaign)] == [
        ("anne@example.com", 1, "active"),
        ("briton@example.com", 1, "held"),
    ]


def test_leaving_the_campaign_ends_the_waiting(campaign, briton):
    enrolments.enrol(campaign, [briton.pk], "segment", held=True)

    assert enrolments.leave(campaign, [briton.pk]) == 0
    assert [row[1:3] for row in state(campaign)] == [(1, "outdated")]


@pytest.mark.django_db(transaction=True)
def test_who_is_enrolled_live_and_by_bulk_work_at_once_is_in_it_once(campaign, briton):
    jobs = [
        lambda held=held: enrolments.enrol(campaign, [briton.pk], "segment", held=held) for held in (True, False) * 3
    ]
    together(*jobs)
    enrolments.enrol(campaign, [briton.pk], "segment")

    assert [row[1:3] for row in state(campaign)] == [(1, "active")]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_release_the_same_enrolment_begin_it_once(campaign, briton):
    enrolments.enrol(campaign, [briton.pk], "manual", held=True)
    held = list(Enrolment.objects.all())

    assert sorted(together(*[lambda: enrolments.release(held, None)] * 3)) == [(0, 0), (0, 0), (1, 0)]
    assert Hit.objects.filter(kind=Kind.CAMPAIGN_STARTED).count() == 1


def test_waiting_enrolments_are_counted_listed_and_decided_in_the_admin(client, campaign, leads, anne, briton):
    client.force_login(UserFactory(is_superuser=True))
    enrolments.enrol(campaign, [anne.pk, briton.pk], "manual", held=True)
    page = "/admin/campaigns/enrolment/"

    assert (
        f'{page}?campaign__id__exact={campaign.pk}&amp;state__exact=held">2</a>'
        in client.get("/admin/campaigns/campaign/").text
    )
    assert "2 contacts, who came into their segments by bulk work" in client.get("/admin/").text
    first, second = Enrolment.objects.order_by("contact__email")
    assert "nothing was sent" in client.get(f"{page}{first.pk}/change/").text

    released = client.post(page, {"action": "release", "_selected_action": [first.pk]}, follow=True)
    declined = client.post(page, {"action": "decline", "_selected_action": [first.pk, second.pk]}, follow=True)
    assert ("1 released." in released.text, "1 declined." in declined.text) == (True, True)
    assert [row[2] for row in state(campaign)] == ["active", "declined"]


def test_looking_at_enrolments_is_no_permission_to_decide(client, campaign, anne):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_enrolment"))
    client.force_login(user)
    enrolments.enrol(campaign, [anne.pk], "manual", held=True)

    pk = Enrolment.objects.get().pk
    client.post("/admin/campaigns/enrolment/", {"action": "release", "_selected_action": [pk]})
    assert [row[2] for row in state(campaign)] == ["held"]
