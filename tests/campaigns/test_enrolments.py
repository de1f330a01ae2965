from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.utils import timezone

from campaigns import delivery, enrolments, webinars
from campaigns.models import Delivery, Enrolment, Registration, StepRun
from campaigns.registry import steps
from campaigns.steps.wait import until
from config import pipeline
from contacts import holding, segments
from contacts.models import Contact, ContactTag
from scoring import rules
from scoring.models import Adjustment, PointAction, PointGroup
from tests.campaigns.conftest import together
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    SegmentFactory,
    StepFactory,
    TagFactory,
    UserFactory,
    WebinarFactory,
)
from tracking import hits, subjects
from tracking.hits import NewHit
from tracking.models import Event, Form, Hit, Kind, Subject

pytestmark = pytest.mark.django_db
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}
HOUR = {"amount": 1, "unit": "hours", "at": None, "weekdays": []}


@pytest.fixture
def anne():
    return ContactFactory(email="anne@example.com", country="FR")


@pytest.fixture
def bob():
    return ContactFactory(email="bob@example.com", country="GB")


@pytest.fixture
def tag():
    return TagFactory(name="warm")


@pytest.fixture
def campaign():
    return CampaignFactory(name="Welcome")


def add_tag(campaign, tag, position):
    return StepFactory(campaign=campaign, type="change_tags", params={"add": [tag.pk], "remove": []}, position=position)


def event(kind, contact, about=None, data=None, at=None):
    """An event as the inbox makes it; returns its id."""
    row = Event(kind=kind, at=at or timezone.now(), contact=contact, subject=about, data=data or {})
    row.save(force_insert=True)
    return row.pk


def entered(segment, contact, kind=Kind.SEGMENT_ENTERED, **values):
    return event(kind, contact, data={"id": segment.pk}, **values)


def state(campaign):
    rows = campaign.enrolments.order_by("contact__email", "cycle")
    return list(rows.values_list("contact__email", "cycle", "state", "reason"))


def runs(campaign):
    rows = StepRun.objects.filter(enrolment__campaign=campaign).order_by("id")
    return list(rows.values_list("enrolment__contact__email", "step__type", "outcome"))


# --- who is enrolled --------------------------------------------------------------------------------------------------


def test_entering_a_segment_starts_its_campaigns_once(campaign, anne, bob):
    segment = SegmentFactory(name="Leads")
    campaign.segments.add(segment)
    ids = [entered(segment, anne), entered(segment, bob), entered(SegmentFactory(), bob)]

    assert (enrolments.begin(ids), enrolments.begin(ids)) == (2, 0)

    assert state(campaign) == [
        ("anne@example.com", 1, "active", "segment"),
        ("bob@example.com", 1, "active", "segment"),
    ]
    started = Hit.objects.filter(kind=Kind.CAMPAIGN_STARTED).order_by("contact_id")
    subject = Subject.objects.get(type="campaign", ref_id=campaign.pk)
    assert list(started.values_list("contact_id", "subject_id")) == [(anne.pk, subject.pk), (bob.pk, subject.pk)]


def test_submitting_a_form_starts_its_campaigns(campaign, anne):
    form = Form.objects.create(name="Contact us")
    campaign.forms.add(form)
    about = subjects.register(Subject.Type.FORM, form.pk, form.name)

    assert enrolments.begin([event(Kind.FORM_SUBMITTED, anne, about)]) == 1

    assert state(campaign) == [("anne@example.com", 1, "active", "form")]


# --- who waits ----------------------------------------------------------------------------------------------------------


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


def test_a_segment_entered_by_bulk_work_starts_nothing_until_it_is_released(campaign, leads, anne, bob, tag):
    add_tag(campaign, tag, 1)
    pipeline.drain()
    in_bulk(country="FR")
    enrolments.advance_due()

    assert state(campaign) == [
        ("anne@example.com", 1, "finished", "segment"),  # was French before, by herself
        ("bob@example.com", 1, "held", "segment"),
    ]
    assert told(campaign) == ["anne@example.com"]

    user, held = UserFactory(), Enrolment.objects.filter(state="held")
    assert (enrolments.release(held, user), enrolments.release(Enrolment.objects.all(), user)) == ((1, 0), (0, 0))
    pipeline.drain()
    assert told(campaign) == ["anne@example.com", "bob@example.com"]
    assert Enrolment.objects.get(contact=bob).decided_by == user
    enrolments.advance_due()
    assert {row[2] for row in state(campaign)} == {"finished"}


def test_a_publication_that_lets_a_crowd_into_a_segment_starts_nothing(campaign, anne, bob):
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


def test_declined_enrolments_stay_on_record_and_begin_when_something_else_starts_them(campaign, leads, bob):
    pipeline.drain()
    in_bulk(country="FR")

    assert enrolments.decline(Enrolment.objects.all(), None) == 1
    assert state(campaign) == [("bob@example.com", 1, "declined", "segment")]
    assert enrolments.release(Enrolment.objects.all(), None) == (0, 0)

    assert enrolments.enrol(campaign, [bob.pk], "manual") == 1
    assert [row[1:] for row in state(campaign)] == [(1, "declined", "segment"), (2, "active", "manual")]


def test_who_has_left_the_segment_meanwhile_does_not_begin(campaign, leads, bob):
    pipeline.drain()
    in_bulk(country="FR")
    bob.country = "GB"
    bob.save()
    pipeline.drain()

    assert enrolments.release(Enrolment.objects.all(), None) == (0, 1)
    assert [row[2] for row in state(campaign)] == ["outdated"]
    assert told(campaign) == []


def test_what_happens_by_itself_begins_what_waits(campaign, leads, bob):
    form = Form.objects.create(name="Contact us")
    campaign.forms.add(form)
    pipeline.drain()
    in_bulk(country="FR")

    about = subjects.register(Subject.Type.FORM, form.pk, form.name)
    assert enrolments.begin([event(Kind.FORM_SUBMITTED, bob, about)]) == 1

    assert state(campaign) == [("bob@example.com", 1, "active", "form")]
    pipeline.drain()
    assert told(campaign) == ["bob@example.com"]


def test_bulk_work_again_makes_nobody_wait_twice_nor_who_is_under_way(campaign, anne, bob):
    segment = SegmentFactory()
    campaign.segments.add(segment)
    enrolments.enrol(campaign, [anne.pk], "manual")
    ids = [entered(segment, anne), entered(segment, bob)]

    assert (enrolments.begin(ids, held=True), enrolments.begin(ids, held=True)) == (1, 0)
    assert [row[:3] for row in state(campaign)] == [("anne@example.com", 1, "active"), ("bob@example.com", 1, "held")]


def test_leaving_the_campaign_ends_the_waiting(campaign, bob):
    enrolments.enrol(campaign, [bob.pk], "segment", held=True)

    assert enrolments.leave(campaign, [bob.pk]) == 0
    assert [row[1:3] for row in state(campaign)] == [(1, "outdated")]


@pytest.mark.django_db(transaction=True)
def test_who_is_enrolled_live_and_by_bulk_work_at_once_is_in_it_once(campaign, bob):
    jobs = [lambda held=held: enrolments.enrol(campaign, [bob.pk], "segment", held=held) for held in (True, False) * 3]
    together(*jobs)
    enrolments.enrol(campaign, [bob.pk], "segment")

    assert [row[1:3] for row in state(campaign)] == [(1, "active")]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_release_the_same_enrolment_begin_it_once(campaign, bob):
    enrolments.enrol(campaign, [bob.pk], "manual", held=True)
    held = list(Enrolment.objects.all())

    assert sorted(together(*[lambda: enrolments.release(held, None)] * 3)) == [(0, 0), (0, 0), (1, 0)]
    assert Hit.objects.filter(kind=Kind.CAMPAIGN_STARTED).count() == 1


def test_waiting_enrolments_are_counted_listed_and_decided_in_the_admin(client, campaign, leads, anne, bob):
    client.force_login(UserFactory(is_superuser=True))
    enrolments.enrol(campaign, [anne.pk, bob.pk], "manual", held=True)
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


# --- who is not ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["inactive campaign", "old event"])
def test_neither_a_sleeping_campaign_nor_history_starts_anything(campaign, anne, case):
    segment = SegmentFactory()
    campaign.segments.add(segment)
    if case == "inactive campaign":
        campaign.is_active = False
        campaign.save()

    old = timezone.now() - timedelta(days=8) if case == "old event" else None
    assert enrolments.begin([entered(segment, anne, at=old)]) == 0


def test_the_number_of_queries_does_not_grow_with_the_contacts(campaign, django_assert_max_num_queries):
    segment = SegmentFactory()
    campaign.segments.add(segment)
    for count in (1, 3, 30):
        ids = [entered(segment, ContactFactory()) for _number in range(count)]
        with django_assert_max_num_queries(10):
            assert enrolments.begin(ids) == count


def test_leaving_the_segment_leaves_the_campaign_where_it_says_so(campaign, anne, bob):
    first, second = SegmentFactory(), SegmentFactory()
    campaign.leave_with_segment = True
    campaign.save()
    campaign.segments.add(first, second)
    enrolments.enrol(campaign, [anne.pk, bob.pk], "segment")
    segments.add(second, [bob.pk])

    enrolments.begin([entered(first, anne, Kind.SEGMENT_LEFT), entered(first, bob, Kind.SEGMENT_LEFT)])

    assert [row[:3] for row in state(campaign)] == [("anne@example.com", 1, "left"), ("bob@example.com", 1, "active")]


def test_starting_again_is_a_new_cycle_where_the_campaign_allows_it(campaign, anne, tag):
    add_tag(campaign, tag, 1)
    enrolments.enrol(campaign, [anne.pk], "manual")
    enrolments.advance_due()
    assert enrolments.enrol(campaign, [anne.pk], "manual") == 0

    campaign.allow_again = True
    campaign.save()
    assert (enrolments.enrol(campaign, [anne.pk], "manual"), enrolments.enrol(campaign, [anne.pk], "manual")) == (1, 0)
    enrolments.advance_due()

    assert [row[1:3] for row in state(campaign)] == [(1, "finished"), (2, "finished")]
    assert len(runs(campaign)) == 2


def test_a_merged_contact_is_not_enrolled(campaign, anne, bob):
    anne.merged_into = bob
    anne.save()

    assert enrolments.enrol(campaign, [anne.pk], "manual") == 0


def test_members_of_the_segments_can_be_enrolled_at_once(campaign, anne, bob):
    segment = SegmentFactory()
    campaign.segments.add(segment)
    segments.add(segment, [anne.pk, bob.pk])

    assert (enrolments.enrol_members(campaign), enrolments.enrol_members(campaign)) == (2, 0)


# --- step by step -----------------------------------------------------------------------------------------------------


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
def test_a_condition_decides_who_goes_on(campaign, anne, bob, otherwise, french, british):
    StepFactory(campaign=campaign, type="condition", params={"conditions": FRENCH, "otherwise": otherwise}, position=1)
    add_tag(campaign, TagFactory(name="fr"), 2)
    add_tag(campaign, TagFactory(name="all"), 3)
    enrolments.enrol(campaign, [anne.pk, bob.pk], "manual")

    enrolments.advance_due()
    delivery.perform_due()

    def steps(contact):
        return [step for email, step, _outcome in runs(campaign) if email == contact.email]

    assert (steps(anne), steps(bob)) == (french, british)
    assert sorted(anne.contact_tags.values_list("tag__name", flat=True)) == ["all", "fr"]
    assert list(bob.contact_tags.values_list("tag__name", flat=True)) == (["all"] if otherwise == "skip" else [])
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

    results = together(*[lambda: enrolments.advance_due(limit=7)] * 3)
    enrolments.advance_due()

    assert not any(isinstance(result, Exception) for result in results), results
    assert (StepRun.objects.count(), Delivery.objects.count()) == (100, 100)
    assert set(Enrolment.objects.values_list("state", "position")) == {("finished", 5)}


# --- webinars ---------------------------------------------------------------------------------------------------------


def registrations():
    return list(
        Registration.objects.order_by("contact__email").values_list("contact__email", "registered_at", "attended_at")
    )


def test_registrations_are_what_the_events_say(anne, bob):
    webinar = WebinarFactory()
    about = subjects.register(Subject.Type.WEBINAR, webinar.pk, webinar.name)
    early, late = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
    ids = [
        event(Kind.WEBINAR_REGISTERED, anne, about, at=late),
        event(Kind.WEBINAR_REGISTERED, anne, about, at=early),
        event(Kind.WEBINAR_ATTENDED, bob, about, at=late),
    ]

    for _again in range(2):
        webinars.note(ids)

    assert registrations() == [("anne@example.com", early, None), ("bob@example.com", None, late)]


def test_a_registration_form_registers_once(anne):
    form = Form.objects.create(name="Register")
    webinar = WebinarFactory(form=form, starts_at=timezone.now() + timedelta(days=1))
    WebinarFactory(form=form, starts_at=timezone.now() - timedelta(days=1))
    about = subjects.register(Subject.Type.FORM, form.pk, form.name)

    for _again in range(2):
        webinars.note([event(Kind.FORM_SUBMITTED, anne, about)])

    hit = Hit.objects.get()
    subject = Subject.objects.get(type="webinar", ref_id=webinar.pk)
    assert (hit.kind, hit.contact_id, hit.subject_id) == (Kind.WEBINAR_REGISTERED, anne.pk, subject.pk)


def test_attendance_marked_twice_is_one_hit(anne):
    webinar = WebinarFactory()

    for _again in range(2):
        webinars.record(webinar, Kind.WEBINAR_ATTENDED, [anne.pk])

    assert list(Hit.objects.values_list("kind", "contact_id", "at")) == [
        (Kind.WEBINAR_ATTENDED, anne.pk, webinar.starts_at)
    ]


def test_hits_of_a_stable_key_are_kept_once_even_by_record(anne):
    key = webinars._hit(1, Kind.WEBINAR_ATTENDED, anne.pk, 1, timezone.now()).key
    for _again in range(2):
        hits.record(NewHit(kind=Kind.WEBINAR_ATTENDED, key=key, contact_id=anne.pk))

    assert Hit.objects.count() == 1
