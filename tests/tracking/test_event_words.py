import re

import pytest
from django.utils import timezone

from contacts.models import Purpose
from tests.factories import ContactFactory, SegmentFactory, SubjectFactory
from tracking import inbox
from tracking.models import Event, Kind, Subject


def event(kind, subject=None, **data):
    now = timezone.now()
    inbox.ensure_months("tracking_event", [now])
    return Event.objects.create(
        kind=kind, at=now, received_at=now, contact=ContactFactory(), subject=subject, verdict=0, data=data
    )


def cells(page, name):
    return [
        re.sub(r"<[^>]+>|\s+", " ", one).strip() for one in re.findall(rf"field-{name}[^>]*>(.*?)</t[dh]>", page, re.S)
    ]


def lines(page):
    found = re.search(r'<dl class="bareme-answers">(.*?)</dl>', page, re.S)
    return re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", found[1]) if found else []


@pytest.mark.parametrize(
    ("key", "words"),
    [("trial_started", "trial started"), ("trialStarted", "trial started"), ("Demo asked", "Demo asked")],
)
def test_an_event_of_a_program_is_called_by_words(key, words):
    assert str(Subject(type=Subject.Type.CUSTOM, key=key, name=key)) == words


def test_only_events_of_programs_are_put_into_words():
    assert str(Subject(type=Subject.Type.ASSET, key="7", name="price_list.pdf")) == "price_list.pdf"


@pytest.mark.django_db
def test_the_list_says_which_consent_and_which_segment(marketer):
    segment = SegmentFactory(name="Hot leads")
    event(Kind.CONSENT_CHANGED, granted=True, purpose=Purpose.PROFILING.value, source="Form: Demo")
    event(Kind.SEGMENT_ENTERED, id=segment.pk)
    event(Kind.IDENTIFIED)

    page = marketer.get("/admin/tracking/event/").text

    assert cells(page, "about") == ["–", "Hot leads", f"{Purpose.PROFILING.label}: yes"]


@pytest.mark.django_db
def test_what_an_event_says_is_lines_in_words(marketer):
    said = event(Kind.CONSENT_CHANGED, granted=True, purpose=Purpose.PROFILING.value, source="Form: Demo")

    page = marketer.get(f"/admin/tracking/event/{said.pk}/change/").text

    assert sorted(lines(page)) == [
        ("Answer", "yes"), ("Purpose", str(Purpose.PROFILING.label)), ("Source", "Form: Demo"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_values_of_values_and_changes_are_words_too(marketer):
    name = SubjectFactory(type=Subject.Type.CUSTOM, key="trial_started", name="trial_started")
    custom = event(Kind.CUSTOM, name, properties={"planName": "pro", "seats": 5})
    changed = event(Kind.CONTACT_CHANGED, first_name=["Ada", "Zoé"], company_id=[1, 2])

    assert lines(marketer.get(f"/admin/tracking/event/{custom.pk}/change/").text) == [
        ("Properties", "seats: 5; plan name: pro")
    ]
    assert lines(marketer.get(f"/admin/tracking/event/{changed.pk}/change/").text) == [("First name", "Ada → Zoé")]
