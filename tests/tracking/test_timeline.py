from datetime import UTC, datetime, timedelta

import pytest

from config import pipeline
from contacts.models import Change
from tests.factories import (
    ContactFactory,
    FormFactory,
    FormFieldFactory,
    StageFactory,
    SubjectFactory,
    TagFactory,
    UserFactory,
)
from tracking import hits, subjects, timeline, wording
from tracking.hits import NewHit
from tracking.models import Event, Kind, Subject

START = datetime(2026, 5, 1, 9, tzinfo=UTC)
FREE: list[str] = []


@pytest.fixture
def contact(db, settings):
    settings.CONSENT_REQUIRED = FREE
    contact = ContactFactory(first_name="Ada")
    Change.objects.all().delete()
    return contact


@pytest.fixture
def happened(contact):
    def happened(*new):
        hits.record_many(
            [NewHit(contact_id=contact.pk, **{"at": START + timedelta(minutes=n), **hit}) for n, hit in enumerate(new)]
        )
        pipeline.drain()

    return happened


def sentences(page):
    return [(line.sentence, line.detail) for line in page.lines]


def test_each_event_is_a_sentence_newest_first(contact, happened):
    email = SubjectFactory(name="Welcome", ref_id=5)
    link = SubjectFactory(type=Subject.Type.LINK, name="Pricing", parent=email)
    webinar = SubjectFactory(type=Subject.Type.WEBINAR, name="Scoring live")

    happened(
        {"kind": Kind.EMAIL_SENT, "subject_id": email.pk},
        {"kind": Kind.EMAIL_CLICKED, "subject_id": link.pk},
        {"kind": Kind.PAGE_VISITED, "url": "https://shop.example/pricing?x=1", "data": {"title": "Pricing – Shop"}},
        {"kind": Kind.WEBINAR_REGISTERED, "subject_id": webinar.pk},
        {"kind": Kind.CUSTOM, "data": {"name": "Trial 100% started", "properties": {"plan": "pro", "seats": 5}}},
    )

    assert sentences(timeline.page(contact)) == [
        ("Event “Trial 100% started”", "plan: pro, seats: 5"),
        ("Registered for the webinar “Scoring live”", ""),
        ("Visited the page “Pricing – Shop”", "https://shop.example/pricing?x=1"),
        ("Clicked “Pricing” in the email “Welcome”", ""),
        ("Was sent the email “Welcome”", ""),
    ]


def test_answers_stand_below_their_submission(contact, happened):
    form = FormFactory(name="Demo")
    FormFieldFactory(form=form, key="topics", type="checkboxes", choices=["A", "B"])
    FormFieldFactory(form=form, key="size", type="select", choices=["Big"])
    about = subjects.register(Subject.Type.FORM, form.pk, "Demo").pk

    happened(
        {
            "kind": Kind.FORM_SUBMITTED,
            "subject_id": about,
            "data": {"form": form.pk, "answers": {"topics": ["A", "B"], "size": "Big"}},
        }
    )

    page = timeline.page(contact)
    assert [(line.sentence, line.answers, line.url) for line in page.lines if line.kind == Kind.FORM_SUBMITTED] == [
        (
            "Submitted the form “Demo”",
            [("topics", "A"), ("topics", "B"), ("size", "Big")],
            f"/admin/tracking/form/{form.pk}/change/",
        )
    ]
    assert Kind.FORM_ANSWERED not in [line.kind for line in page.lines]


def test_changes_of_the_contact_are_told_with_their_names(contact):
    tag, stage = TagFactory(name="Hot"), StageFactory(name="Customer")
    contact.contact_tags.create(tag=tag)
    contact.stage = stage
    contact.save()
    contact.job_title = "Engineer"
    contact.save()
    contact.consents.create(purpose="profiling", granted=True, source="Demo")
    contact.blocks.create(channel="email", reason="unsubscribed")
    pipeline.drain()

    assert set(sentences(timeline.page(contact))) == {
        ("Is no longer contacted: Email (Unsubscribed)", ""),
        ("Answered about consent: Profiling: yes", "Demo"),
        ("Changed: job title", ""),
        ("Reached the stage “Customer”", ""),
        ("Was given the tag “Hot”", ""),
    }


def test_what_was_deleted_since_is_still_told(contact):
    tag = TagFactory()
    contact.contact_tags.create(tag=tag)
    pipeline.drain()
    tag.delete()
    Change.objects.all().delete()

    assert sentences(timeline.page(contact)) == [("Was given the tag “…”", "")]


def test_pages_follow_each_other_without_gap_or_repeat(contact, happened):
    happened(*[{"kind": Kind.CUSTOM, "data": {"name": f"E{n}"}, "at": START} for n in range(7)])

    seen, before = [], ""
    for _ in range(3):
        page = timeline.page(contact, before, size=3)
        seen += [line.sentence for line in page.lines]
        before = page.older

    assert seen == [f"Event “E{n}”" for n in reversed(range(7))]
    assert before == ""


def test_a_page_does_not_tear_answers_from_their_submission(contact, happened):
    form = FormFactory()
    FormFieldFactory(form=form, key="topics", type="checkboxes", choices=["A", "B"])
    about = subjects.register(Subject.Type.FORM, form.pk, str(form)).pk
    happened(
        {
            "kind": Kind.FORM_SUBMITTED,
            "subject_id": about,
            "data": {"form": form.pk, "answers": {"topics": ["A", "B"]}},
        },
        {"kind": Kind.CUSTOM, "data": {"name": "later"}},
    )

    first = timeline.page(contact, size=2)
    second = timeline.page(contact, first.older, size=3)

    assert [line.sentence for line in first.lines] == ["Event “later”"]
    assert [line.answers for line in second.lines] == [[("topics", "A"), ("topics", "B")]]


@pytest.mark.parametrize(
    "before",
    [
        "x",
        "_",
        "2026-05-01_1",
        "2026-99-01T00:00:00+00:00_1",
        "2026-05-01T09:00:00+00:00_x",
        "0001-01-01T00:00:00+23:59_1",
        "9999-12-31T23:59:59-23:59_1",
        "\x00",
        "_" + "9" * 40,
    ],
)
def test_a_cursor_that_is_none_is_the_first_page(contact, happened, before):
    happened({"kind": Kind.CUSTOM, "data": {"name": "E"}})

    assert len(timeline.page(contact, before).lines) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_costs_one_query_for_events_and_their_subjects(contact, happened, django_assert_num_queries, count):
    happened(*[{"kind": Kind.CUSTOM, "data": {"name": f"E{n}"}} for n in range(count)])

    with django_assert_num_queries(1):
        assert len(timeline.page(contact).lines) == count


def test_every_kind_has_a_sentence_and_an_icon():
    assert set(wording.SENTENCES) == set(Kind.values)
    for kind in Kind.values:
        assert wording.of(kind)[1] % {"about": "x", "inside": "y"}


def test_the_contact_page_shows_the_timeline_and_leads_to_older_events(client, contact, happened):
    client.force_login(UserFactory(is_superuser=True))
    happened(*[{"kind": Kind.CUSTOM, "data": {"name": f"E{n} <b>"}} for n in range(60)])

    overview = client.get(f"/admin/contacts/contact/{contact.pk}/").text
    older = overview.partition(f'href="/admin/tracking/event/contact/{contact.pk}/?before=')[2].partition('"')[0]
    second = client.get(f"/admin/tracking/event/contact/{contact.pk}/?before={older}").text

    assert "Event “E59 &lt;b&gt;”" in overview
    assert ("Event “E9 &lt;b&gt;”" in second, "Event “E10 &lt;b&gt;”" in second, "Older" in second) == (
        True,
        False,
        False,
    )
    assert Event.objects.count() == 60


def test_an_unknown_contact_has_no_timeline(client, db):
    client.force_login(UserFactory(is_superuser=True))

    assert client.get("/admin/tracking/event/contact/999/").status_code == 404
