"""Who is enrolled in a campaign, by what, and who is not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import enrolments
from contacts import segments
from tests.campaigns.enrolling import add_tag, entered, event, runs, state
from tests.factories import ContactFactory, SegmentFactory
from tracking import subjects
from tracking.models import Form, Hit, Kind, Subject

pytestmark = pytest.mark.django_db


def test_entering_a_segment_starts_its_campaigns_once(campaign, anne, briton):
    segment = SegmentFactory(name="Leads")
    campaign.segments.add(segment)
    ids = [entered(segment, anne), entered(segment, briton), entered(SegmentFactory(), briton)]

    assert (enrolments.begin(ids), enrolments.begin(ids)) == (2, 0)

    assert state(campaign) == [
        ("anne@example.com", 1, "active", "segment"),
        ("briton@example.com", 1, "active", "segment"),
    ]
    started = Hit.objects.filter(kind=Kind.CAMPAIGN_STARTED).order_by("contact_id")
    subject = Subject.objects.get(type="campaign", ref_id=campaign.pk)
    assert list(started.values_list("contact_id", "subject_id")) == [(anne.pk, subject.pk), (briton.pk, subject.pk)]


def test_submitting_a_form_starts_its_campaigns(campaign, anne):
    form = Form.objects.create(name="Contact us")
    campaign.forms.add(form)
    about = subjects.register(Subject.Type.FORM, form.pk, form.name)

    assert enrolments.begin([event(Kind.FORM_SUBMITTED, anne, about)]) == 1

    assert state(campaign) == [("anne@example.com", 1, "active", "form")]


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


def test_leaving_the_segment_leaves_the_campaign_where_it_says_so(campaign, anne, briton):
    first, second = SegmentFactory(), SegmentFactory()
    campaign.leave_with_segment = True
    campaign.save()
    campaign.segments.add(first, second)
    enrolments.enrol(campaign, [anne.pk, briton.pk], "segment")
    segments.add(second, [briton.pk])

    enrolments.begin([entered(first, anne, Kind.SEGMENT_LEFT), entered(first, briton, Kind.SEGMENT_LEFT)])

    assert [row[:3] for row in state(campaign)] == [
        ("anne@example.com", 1, "left"),
        ("briton@example.com", 1, "active"),
    ]


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


def test_a_merged_contact_is_not_enrolled(campaign, anne, briton):
    anne.merged_into = briton
    anne.save()

    assert enrolments.enrol(campaign, [anne.pk], "manual") == 0


def test_members_of_the_segments_can_be_enrolled_at_once(campaign, anne, briton):
    segment = SegmentFactory()
    campaign.segments.add(segment)
    segments.add(segment, [anne.pk, briton.pk])

    assert (enrolments.enrol_members(campaign), enrolments.enrol_members(campaign)) == (2, 0)
