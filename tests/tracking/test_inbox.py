"""The inbox: who it was, what a form says, what consent allows, and that nothing counts twice or gets lost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Trigger
from config import pipeline
from contacts import consent, holding, segments, stages, tagging
from contacts.models import Change, Company, Consent, Contact, DoNotContact
from scoring import rules
from scoring.models import ContactScore, PointAction, PointEntry, PointGroup, Repeat
from tests.campaigns.conftest import together
from tests.factories import (
    AssetFactory,
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    FormFactory,
    FormFieldFactory,
    LinkFactory,
    SegmentFactory,
    StageFactory,
    SubjectFactory,
    TagFactory,
)
from tests.scoring.conftest import engagement, happen, publish  # noqa: F401 - fixtures
from tracking import hits, inbox, subjects
from tracking.models import Event, FormSubmission, Hit, Kind, Receipt, Subject, Visitor

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
BROWSER, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def ada():
    return ContactFactory(email="ada@example.com")


@pytest.fixture
def bob():
    return ContactFactory(email="bob@example.com")


def visit(visitor=BROWSER, path="/pricing", at=AT, **fields):
    return happen(None, Kind.PAGE_VISITED, at=at, visitor_id=visitor, url=f"https://shop.example{path}", **fields)


def identify(email, visitor=BROWSER, **data):
    return happen(None, Kind.IDENTIFIED, visitor_id=visitor, data={"email": email, **data})


def click(contact, visitor=BROWSER):
    return happen(contact, Kind.EMAIL_CLICKED, LinkFactory().subject, AT, visitor_id=visitor)


def submit(form, visitor=BROWSER, **answers):
    consents = answers.pop("consents", {})
    about = Subject.objects.get(type=Subject.Type.FORM, ref_id=form.pk)
    data = {"form": form.pk, "answers": answers, "consents": consents}
    return happen(None, Kind.FORM_SUBMITTED, about, AT, visitor_id=visitor, data=data, ip="192.0.2.77")


def owners(kind=Kind.PAGE_VISITED):
    return list(Event.objects.filter(kind=kind).order_by("id").values_list("contact__email", flat=True))


def known_as(visitor=BROWSER):
    return Visitor.objects.get(pk=visitor).contact


# --- who it was -------------------------------------------------------------------------------------------------------


def test_what_an_unknown_browser_does_is_nobodys(publish):  # noqa: F811
    publish(5, source="page_visited")
    visit()
    pipeline.drain()

    assert owners() == [None]
    assert (known_as(), PointEntry.objects.count()) == (None, 0)


def test_earlier_visits_of_the_same_batch_become_those_of_who_is_identified(ada, publish):  # noqa: F811
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    visit()
    identify("Ada@Example.com ")
    visit()
    visit(OTHER)
    pipeline.drain()

    assert owners() == ["ada@example.com", "ada@example.com", None]
    assert (known_as(), known_as(OTHER)) == (ada, None)
    assert list(PointEntry.objects.values_list("contact", "hits")) == [(ada.pk, 2)]


def test_visits_of_earlier_batches_are_claimed_once(ada, publish):  # noqa: F811
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    for _ in range(2):
        visit()
        pipeline.drain()
    for _ in range(2):
        identify("ada@example.com")
        pipeline.drain()

    assert owners() == ["ada@example.com"] * 2
    assert list(PointEntry.objects.values_list("contact", "hits")) == [(ada.pk, 2)]


def test_somebody_unknown_is_made_a_contact(publish):  # noqa: F811
    identify("new@example.com")
    identify("NEW@example.com", OTHER)
    pipeline.drain()

    assert Contact.objects.get().email == "new@example.com"
    assert known_as() == known_as(OTHER) == Contact.objects.get()


@pytest.mark.parametrize(
    "email",
    ["", "no email", "a@b", None, 7, ["x"], "a" * 250 + "@example.com", "ada@exa mple.com"],
)
def test_what_is_no_email_identifies_nobody_and_harms_nobody(email):
    identify(email)
    pipeline.drain()

    assert (Contact.objects.count(), Hit.objects.count(), known_as()) == (0, 0, None)


def test_a_tracked_link_makes_a_browser_known_and_a_forwarded_one_does_not_take_it_over(ada, bob):
    visit()
    click(ada)
    pipeline.drain()
    click(bob)
    visit()
    pipeline.drain()

    assert owners(Kind.EMAIL_CLICKED) == ["ada@example.com", "bob@example.com"]
    assert owners() == ["ada@example.com"] * 2
    assert known_as() == ada


def test_an_email_given_on_a_browser_known_by_another_says_who_it_is_from_now_on(ada, bob):
    identify("ada@example.com")
    visit()
    pipeline.drain()
    identify("bob@example.com")
    visit()
    pipeline.drain()

    assert owners() == ["ada@example.com", "bob@example.com"]
    assert known_as() == bob


def test_the_email_rules_where_a_hit_carries_a_token_of_somebody_else(ada, bob):
    happen(ada, Kind.CUSTOM, None, AT, visitor_id=BROWSER, data={"name": "chat", "email": "bob@example.com"})
    pipeline.drain()

    assert owners(Kind.CUSTOM) == ["bob@example.com"]
    assert known_as() == bob


def test_a_token_of_a_merged_contact_leads_to_the_one_it_went_into_in_the_end(ada, bob):
    first = ContactFactory(merged_into=bob)
    bob.merged_into = ada
    bob.save()
    Visitor.objects.create(pk=OTHER, contact=bob)
    click(first)
    visit(OTHER)
    identify("bob@example.com", UUID(int=3))
    pipeline.drain()

    assert owners(Kind.EMAIL_CLICKED) == owners() == owners(Kind.IDENTIFIED) == ["ada@example.com"]
    assert (known_as(), known_as(UUID(int=3))) == (ada, ada)


def test_a_token_of_a_deleted_contact_is_nobodys(ada, publish):  # noqa: F811
    publish(5, source="asset_downloaded")
    happen(ada, Kind.ASSET_DOWNLOADED, SubjectFactory(type="asset"), AT)
    ada.delete()
    pipeline.drain()

    assert owners(Kind.ASSET_DOWNLOADED) == [None]
    assert (PointEntry.objects.count(), ContactScore.objects.count(), Hit.objects.count()) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_the_visits_of_a_browser_once(ada, publish):  # noqa: F811
    publish(5, source="page_visited", repeat=Repeat.ALWAYS)
    for number in range(20):
        visit(path=f"/{number % 3}")
        pipeline.drain()
    identify("ada@example.com")
    identify("ada@example.com")
    visit()
    together(*[lambda: pipeline.advance(limit=1)] * 3)
    pipeline.drain()

    assert owners() == ["ada@example.com"] * 21
    assert sum(PointEntry.objects.values_list("hits", flat=True)) == 21
    assert ContactScore.objects.get(group=None).score == 105


@pytest.mark.django_db(transaction=True)
def test_a_link_in_flight_does_not_take_over_a_browser_that_gave_an_email_meanwhile(ada, bob):
    identify("bob@example.com")
    click(ada)
    by_form, by_link = inbox.waiting(2)

    def in_two_steps():
        # The link's batch has read that nobody is known; before it writes, the form's batch commits.
        with transaction.atomic():
            rows = inbox.sql.hold_hits(
                [by_link], page=Kind.PAGE_VISITED, custom=Kind.CUSTOM, visit=Kind.LANDING_PAGE_VISITED
            )
            known = inbox.Known(rows, {})
            known.contact_of(rows[0])
            together(lambda: pipeline._in_transaction(lambda: pipeline._carry(inbox.take([by_form]))))
            known.remember(rows)

    in_two_steps()

    assert known_as() == bob


# --- who may say what ------------------------------------------------------------------------------------------------


def test_anybody_may_fill_in_what_is_empty_and_only_the_trusted_change_what_is_known(ada):
    CustomFieldFactory(key="budget", type="integer")
    Contact.objects.filter(pk=ada.pk).update(city="Lyon", fields={"budget": 0})
    ours = CompanyFactory(name="Atelier Boréal")
    identify("ada@example.com", city="Paris", first_name="Ada", company="ATELIER BORÉAL", fields={"budget": 7})
    pipeline.drain()
    ada.refresh_from_db()
    assert (ada.city, ada.first_name, ada.company, ada.fields) == ("Lyon", "Ada", ours, {"budget": 0})

    identify("ada@example.com", city="Paris", first_name="Eva", fields={"budget": 7}, trusted=True)
    pipeline.drain()
    ada.refresh_from_db()
    assert (ada.city, ada.first_name, ada.company, ada.fields) == ("Paris", "Eva", ours, {"budget": 7})


@pytest.fixture
def form():
    form = FormFactory(name="Demo request", segment=SegmentFactory(name="Asked"))
    for key in ("email", "phone", "company", "country", "language", "time_zone", "job_title", "first_name"):
        FormFieldFactory(form=form, key=key, contact_field=key)
    CustomFieldFactory(key="budget", type="integer")
    CustomFieldFactory(key="topics", type="choices", choices=["Price", "Demo"])
    CustomFieldFactory(key="old", archived_at=timezone.now())
    for key in ("budget", "topics", "old"):
        FormFieldFactory(form=form, key=key, contact_field=key)
    FormFieldFactory(form=form, key="remark", type="textarea")
    return form


def test_the_answers_of_a_form_become_the_contacts_own(form):
    submit(
        form,
        email="Ada@Example.com",
        phone="06 12 34 56 78",
        company="Atelier Boréal",
        country="France",
        language="fr",
        time_zone="Europe/Paris",
        job_title="Directrice",
        budget="12 000",
        topics=["Demo", "Price"],
        old="x",
        remark="Soon, please",
        consents={"web_tracking": "I agree."},
    )
    pipeline.drain()

    ada = Contact.objects.get()
    assert (ada.email, ada.phone, ada.company.name) == ("ada@example.com", "+33612345678", "Atelier Boréal")
    assert (ada.country, ada.language, ada.time_zone, ada.job_title) == ("FR", "fr", "Europe/Paris", "Directrice")
    assert ada.fields == {"budget": 12000, "topics": ["Price", "Demo"]}
    assert list(ada.memberships.values_list("segment__name", "is_member", "reason", "note")) == [
        ("Asked", True, "form", "Demo request")
    ]
    [given] = Consent.objects.all()
    assert (given.contact, given.purpose, given.granted, given.text) == (ada, "web_tracking", True, "I agree.")
    assert (given.source, given.ip, given.given_at) == ("Demo request", "192.0.2.0", AT)
    [kept] = FormSubmission.objects.all()
    assert (kept.form, kept.contact, kept.visitor_id, kept.at) == (form, ada, BROWSER, AT)
    assert kept.answers["remark"] == "Soon, please"


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("phone", "call me"),
        ("phone", "+49 (0) 1512 / 345 67 89 12 34 56"),
        ("country", "Narnia"),
        ("language", "tlh"),
        ("time_zone", "Mars/Olympus"),
        ("budget", "a lot"),
        ("topics", ["Price", "Gossip"]),
        ("company", "   "),
    ],
)
def test_an_answer_its_field_cannot_take_is_left_out_and_the_others_count(form, key, answer):
    before = ContactFactory(email="ada@example.com", phone="+33612345678", country="FR", language="fr")
    submit(form, email="ada@example.com", first_name="Ada", **{key: answer})
    pipeline.drain()

    ada = Contact.objects.get()
    assert (ada.first_name, ada.fields, ada.company) == ("Ada", {}, None)
    assert [getattr(ada, name) for name in ("phone", "country", "language", "time_zone")] == [
        getattr(before, name) for name in ("phone", "country", "language", "time_zone")
    ]
    assert FormSubmission.objects.get().answers[key] == answer


def test_a_phone_number_is_read_in_the_country_given_with_it(form):
    submit(form, email="ada@example.com", phone="0151 23456789", country="DE")
    pipeline.drain()

    assert Contact.objects.get().phone == "+4915123456789"


def test_an_invalid_value_from_elsewhere_does_not_keep_the_form_out(form, ada):
    Contact.objects.filter(pk=ada.pk).update(country="??")
    submit(form, email="ada@example.com", job_title="Directrice", language="fr")
    pipeline.drain()
    ada.refresh_from_db()

    assert (ada.job_title, ada.language) == ("Directrice", "fr")


def test_a_long_answer_is_cut_to_what_its_field_holds(form):
    submit(form, email="ada@example.com", job_title="x" * 400, company="y" * 400)
    pipeline.drain()

    ada = Contact.objects.get()
    assert (ada.job_title, ada.company.name) == ("x" * 150, "y" * 200)


def test_a_form_without_an_email_is_kept_and_claimed_when_the_browser_is_known(form, publish):  # noqa: F811
    publish(5, source="form_submitted")
    submit(form, job_title="Directrice")
    pipeline.drain()
    assert FormSubmission.objects.get().contact is None

    identify("ada@example.com")
    pipeline.drain()

    assert owners(Kind.FORM_SUBMITTED) == ["ada@example.com"]
    assert ContactScore.objects.get(group=None).score == 5


def test_a_form_that_was_deleted_meanwhile_leaves_an_event_and_no_submission(form):
    submit(form, email="ada@example.com")
    form.delete()
    pipeline.drain()

    assert (FormSubmission.objects.count(), Contact.objects.count(), Hit.objects.count()) == (0, 0, 0)
    assert owners(Kind.FORM_SUBMITTED) == [None]


def test_companies_differ_by_more_than_case(form):
    CompanyFactory(name="Atelier Boréal")
    for number, name in enumerate(("ATELIER BORÉAL", "atelier boréal ", "Atelier")):
        submit(form, UUID(int=number + 9), email=f"{number}@example.com", company=name)
    pipeline.drain()

    assert sorted(Company.objects.values_list("name", flat=True)) == ["Atelier", "Atelier Boréal"]


def test_what_is_known_makes_no_company_of_what_anybody_says(ada):
    Contact.objects.filter(pk=ada.pk).update(company=CompanyFactory(name="Atelier Boréal"))
    identify("ada@example.com", company="Spam")
    pipeline.drain()

    assert list(Company.objects.values_list("name", flat=True)) == ["Atelier Boréal"]


def test_what_people_say_counts_in_the_order_they_said_it(form, ada):
    submit(form, email="ada@example.com", job_title="Directrice", first_name="Ada")
    identify("ada@example.com", job_title="Présidente", trusted=True)
    identify("ada@example.com", job_title="Stagiaire", city="Lyon")
    submit(form, email="ada@example.com", first_name="Augusta")
    pipeline.drain()
    ada.refresh_from_db()

    assert (ada.first_name, ada.job_title, ada.city) == ("Augusta", "Présidente", "Lyon")
    changes = Event.objects.filter(contact=ada, kind=Kind.CONTACT_CHANGED).values_list("data", flat=True)
    assert list(changes) == [{"first_name": ["", "Augusta"], "job_title": ["", "Présidente"], "city": ["", "Lyon"]}]


def test_a_batch_asks_as_often_for_thirty_people_as_for_three(form, publish):  # noqa: F811
    publish(5, source="form_submitted")
    publish(1, source="page_visited")
    asked = []
    for count in (1, 3, 30):  # the first also makes what every batch shares
        for number in range(count):
            browser, email = UUID(int=1000 * count + number), f"{number}@{count}.example"
            visit(browser, path=f"/{count}/{number}")
            submit(form, browser, email=email, company=f"Company {number} {count}", consents={"web_tracking": "Yes"})
            identify(email, browser, city="Lyon")
            happen(None, Kind.CUSTOM, visitor_id=browser, data={"name": f"event {number} {count}"})
        ids = inbox.waiting(1000)
        pipeline._make_room(ids, 1000)
        with CaptureQueriesContext(connection) as queries:
            pipeline._take_hits(ids)
        asked.append(len(queries))
        pipeline.drain()

    assert asked[1] == asked[2]
    assert Event.objects.filter(kind=Kind.PAGE_VISITED, contact__isnull=False).count() == 34


# --- consent ----------------------------------------------------------------------------------------------------------


def test_an_open_without_consent_is_kept_without_a_name_and_earns_nothing(ada, publish):  # noqa: F811
    publish(5, source="email_opened")
    email = SubjectFactory()
    url = "https://bareme.example/t/o/token?email=ada@example.com#x"
    happen(ada, Kind.EMAIL_OPENED, email, AT, visitor_id=BROWSER, message_id=7, ip="192.0.2.0", url=url, user_agent="x")
    pipeline.drain()

    [event] = Event.objects.filter(kind=Kind.EMAIL_OPENED)
    assert (event.subject, event.contact, event.visitor_id, event.message_id) == (email, None, None, None)
    assert event.data == {"url": "https://bareme.example/t/o/token"}
    assert PointEntry.objects.count() == 0


def test_an_open_counts_while_opens_may_be_tracked_and_one_after_withdrawal_is_nobodys(ada, publish):  # noqa: F811
    publish(5, source="email_opened", repeat=Repeat.ALWAYS)
    email = SubjectFactory()
    consent.give(ada, "email_tracking")
    happen(ada, Kind.EMAIL_OPENED, email, AT)
    pipeline.drain()
    assert ContactScore.objects.get(group=None).score == 5

    consent.withdraw(ada, "email_tracking")
    happen(ada, Kind.EMAIL_OPENED, email, AT)
    pipeline.drain()
    assert owners(Kind.EMAIL_OPENED) == ["ada@example.com", None]
    assert ContactScore.objects.get(group=None).score == 0  # a refusal takes the points of what it covers

    consent.give(ada, "email_tracking")
    pipeline.drain()
    assert ContactScore.objects.get(group=None).score == 5  # of the open that is theirs


def test_links_count_unless_refused(ada, bob):
    consent.withdraw(bob, "link_tracking")
    click(ada, None)
    click(bob, None)
    pipeline.drain()

    assert owners(Kind.EMAIL_CLICKED) == ["ada@example.com", None]


def test_a_page_needs_a_browser_that_agreed_or_a_contact_who_did(ada, bob):
    consent.give(bob, "web_tracking")
    for contact, visitor in ((ada, None), (ada, BROWSER), (bob, None)):
        happen(contact, Kind.PAGE_VISITED, at=AT, visitor_id=visitor, url="https://shop.example/")
    pipeline.drain()

    assert owners() == [None, "ada@example.com", "bob@example.com"]


@pytest.mark.parametrize("together_", [True, False], ids=["in one batch", "in two batches"])
def test_visits_are_not_claimed_by_who_refuses_to_be_followed(ada, publish, together_):  # noqa: F811
    publish(5, source="page_visited")
    publish(7, source="asset_downloaded")
    consent.withdraw(ada, "web_tracking")
    visit()
    happen(None, Kind.ASSET_DOWNLOADED, SubjectFactory(type="asset"), AT, visitor_id=BROWSER)
    if not together_:
        pipeline.drain()
    identify("ada@example.com")
    pipeline.drain()

    assert owners() == [None]
    assert owners(Kind.ASSET_DOWNLOADED) == ["ada@example.com"]
    assert ContactScore.objects.get(group=None).score == 7


def test_a_yes_given_with_a_form_counts_for_the_same_batch(ada, form):
    FormFieldFactory(form=form, key="follow", type="consent", purpose="email_tracking")
    submit(form, email="ada@example.com", consents={"email_tracking": "Yes"})
    happen(ada, Kind.EMAIL_OPENED, SubjectFactory(), AT)
    pipeline.drain()

    assert owners(Kind.EMAIL_OPENED) == ["ada@example.com"]


# --- once, and never lost --------------------------------------------------------------------------------------------


def test_a_key_received_twice_counts_once_in_one_batch_and_in_two(ada, publish):  # noqa: F811
    publish(5, repeat=Repeat.ALWAYS)
    guide = SubjectFactory(type="asset")
    key = uuid4()
    for _ in range(2):
        happen(ada, Kind.ASSET_DOWNLOADED, guide, AT, key=key)
    pipeline.drain()
    happen(ada, Kind.ASSET_DOWNLOADED, guide, AT, key=key)
    pipeline.drain()

    assert Event.objects.filter(key=key).count() == Receipt.objects.filter(key=key).count() == 1
    assert ContactScore.objects.get(group=None).score == 5


@pytest.mark.django_db(transaction=True)
def test_a_key_received_while_its_first_hit_is_in_flight_counts_once(ada, publish):  # noqa: F811
    publish(5, repeat=Repeat.ALWAYS)
    guide = SubjectFactory(type="asset")
    keys = [UUID(int=number + 1) for number in range(30)]

    def send_and_score():
        for key in keys:
            happen(ada, Kind.ASSET_DOWNLOADED, guide, AT, key=key)
        pipeline.drain(limit=7)

    assert together(*[send_and_score] * 3) == [None] * 3
    pipeline.drain()

    assert sorted(Event.objects.filter(key__isnull=False).values_list("key", flat=True)) == keys
    assert ContactScore.objects.get(group=None).score == 5 * 30


def test_a_poisoned_hit_is_parked_and_the_other_99_go_on(ada, publish, monkeypatch, caplog):  # noqa: F811
    publish(5, repeat=Repeat.ALWAYS)
    guide, poison = SubjectFactory(type="asset"), SubjectFactory(type="asset")
    for number in range(100):
        happen(ada, Kind.ASSET_DOWNLOADED, poison if number == 63 else guide, AT, data={"number": number})
    find = inbox._abouts

    def break_at_63(hits):
        if any(hit.subject_id == poison.pk for hit in hits):
            raise ValueError("a \x00 poisoned \udc80 hit")
        return find(hits)

    monkeypatch.setattr(inbox, "_abouts", break_at_63)
    pipeline.drain()

    [parked] = Hit.objects.all()
    assert parked.data == {"number": 63}
    assert parked.parked_at is not None
    assert "ValueError" in parked.error
    assert "_resolve" in parked.error
    assert ContactScore.objects.get(group=None).score == 5 * 99

    monkeypatch.undo()
    assert inbox.waiting(10) == []
    assert hits.retry(Hit.objects.all()) == 1
    pipeline.drain()
    assert ContactScore.objects.get(group=None).score == 5 * 100


def test_an_address_longer_than_an_index_entry_is_a_page_like_any_other():
    """Four bytes a character, and nothing to compress: 4000 bytes, where PostgreSQL takes 2704."""
    astral = "".join(chr(0x10000 + number * 7919 % 0x90000) for number in range(1500))
    visit(path=f"/{astral}a")
    visit(path="/after")
    pipeline.drain()

    assert not Hit.objects.exists()
    assert sorted(len(path) for path in Subject.objects.values_list("path", flat=True)) == [6, 1000]


def test_what_the_database_cannot_hold_is_parked_and_the_rest_goes_on(monkeypatch):
    """Django calls it an OperationalError, like a database that is away; waiting would stop everybody for ever."""
    monkeypatch.setattr(subjects, "key", str)
    visit(path="/" + "".join(chr(0x10000 + number * 7919 % 0x90000) for number in range(990)))
    visit(path="/after")
    pipeline.drain()

    [parked] = Hit.objects.all()
    assert "ProgramLimitExceeded" in parked.error
    assert Event.objects.count() == 1


def test_batches_that_touch_nobody_do_not_stop_the_walk():
    for number in range(5):
        visit(path=f"/{number}", visitor=None)
    pipeline.drain(limit=2)

    assert (Hit.objects.count(), Event.objects.count()) == (0, 5)


def test_batches_of_what_was_received_before_or_is_gone_do_not_stop_the_walk(ada, bob):
    keys = [visit() for _ in range(3)]
    pipeline.drain()
    for key in keys:
        visit(key=key)
    visit()
    gone = bob.pk
    bob.delete()
    Change.objects.bulk_create(
        [Change(contact_id=gone, kind="updated", at=AT) for _ in range(3)]
        + [Change(contact_id=ada.pk, kind="updated", at=AT)]
    )
    pipeline.drain(limit=1)

    assert (Hit.objects.count(), Change.objects.count()) == (0, 0)
    assert Event.objects.filter(kind=Kind.PAGE_VISITED).count() == 4
    assert owners(Kind.CONTACT_CHANGED) == ["ada@example.com"]


def test_the_months_of_exactly_the_hits_taken_get_their_partitions(ada, publish):  # noqa: F811
    publish(5, repeat=Repeat.DAILY, since=datetime(2001, 1, 1, tzinfo=UTC))
    guide = SubjectFactory(type="asset")
    for year in (2003, 2009, 2014):
        happen(ada, Kind.ASSET_DOWNLOADED, guide, AT.replace(year=year))
    ids = inbox.waiting(2)

    assert [month.year for month in inbox.waiting_months(ids[1:], 0)] == [2009] * 3
    pipeline.drain(limit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM tracking_event_default UNION ALL SELECT count(*) FROM scoring_pointentry_default"
        )
        assert cursor.fetchall() == [(0,), (0,)]
    assert PointEntry.objects.count() == 3


# --- changes of a contact's own data -----------------------------------------------------------------------------------


def kinds_of(contact):
    return list(Event.objects.filter(contact=contact).order_by("id").values_list("kind", "data"))


def test_every_change_of_a_contact_becomes_an_event(ada):
    tag, segment = TagFactory(), SegmentFactory()
    first, second = StageFactory(), StageFactory()
    company = CompanyFactory(name="Boréal")
    pipeline.drain()
    Event.objects.all().delete()

    Contact.objects.filter(pk=ada.pk).update(city="Lyon", company=company)
    company.industry = "Brewing"
    company.save()
    tagging.add([ada.pk], [tag])
    tagging.remove([ada.pk], [tag])
    segments.add(segment, [ada.pk])
    segments.remove(segment, [ada.pk])
    stages.set_stage([ada.pk], first)
    stages.set_stage([ada.pk], second)
    consent.give(ada, "profiling", source="fair")
    consent.block(ada, "email", DoNotContact.Reason.BOUNCED)
    consent.unblock(ada, "email")
    pipeline.drain()

    decided = {"reason": "manual", "note": ""}
    expected = [
        (Kind.CONTACT_CHANGED, {"city": ["", "Lyon"], "company_id": [None, company.pk]}),
        (Kind.CONTACT_CHANGED, {"id": company.pk}),
        (Kind.TAG_ADDED, {"id": tag.pk}),
        (Kind.TAG_REMOVED, {"id": tag.pk}),
        (Kind.SEGMENT_ENTERED, {"id": segment.pk, **decided}),
        (Kind.SEGMENT_LEFT, {"id": segment.pk, **decided}),
        (Kind.CONTACT_CHANGED, {"stage_id": [None, first.pk]}),
        (Kind.CONTACT_CHANGED, {"stage_id": [first.pk, second.pk]}),
        (Kind.CONSENT_CHANGED, {"purpose": "profiling", "granted": True, "source": "fair"}),
        (Kind.BLOCKED, {"channel": "email", "reason": "bounced"}),
        (Kind.UNBLOCKED, {"channel": "email", "reason": "bounced"}),
        (Kind.STAGE_CHANGED, {"stage_id": [None, first.pk]}),
        (Kind.STAGE_CHANGED, {"stage_id": [first.pk, second.pk]}),
    ]
    assert kinds_of(ada) == expected
    assert Change.objects.count() == 0


def test_a_new_contact_is_an_event_and_a_deleted_one_leaves_none(ada, bob):
    pipeline.drain()
    assert kinds_of(ada) == [(Kind.CONTACT_CREATED, {})]

    bob.city = "Lyon"
    bob.save()
    bob.delete()
    pipeline.drain()
    assert owners(Kind.CONTACT_CREATED) == ["ada@example.com"]
    assert Event.objects.filter(kind=Kind.CONTACT_CHANGED).count() == 0


def test_held_changes_and_others_are_taken_apart(ada, bob):
    Change.objects.all().delete()
    with holding.held():
        stages.set_stage([bob.pk], StageFactory())
    stages.set_stage([ada.pk], StageFactory())

    free, held = (inbox.take_changes(inbox.waiting_changes(10, held=held), held=held) for held in (False, True))

    assert (free.changed_ids, free.held, free.taken) == ({ada.pk}, False, 1)
    assert (held.changed_ids, held.held, held.taken) == ({bob.pk}, True, 1)
    assert inbox.waiting_changes(10, held=False) == []


def test_what_follows_from_held_changes_is_held(ada):
    """A bulk edit lets a contact into a dynamic segment; the points of being in it cross a threshold: it waits."""
    group = PointGroup.objects.create(name="Fit")
    french = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}
    segment = SegmentFactory(conditions=french)
    rule_params = {"conditions": {"all": [{"filter": "segment", "op": "is", "value": segment.pk}]}}
    action = PointAction.objects.create(name="In", source="profile_matches", points=60, group=group, params=rule_params)
    rules.publish(action)
    trigger = Trigger.objects.create(name="Hot", threshold=50)
    pipeline.drain()

    with holding.held():
        Contact.objects.filter(pk=ada.pk).update(country="FR", updated_at=timezone.now() + timedelta(seconds=1))
    pipeline.drain()

    assert list(trigger.firings.values_list("contact", "state")) == [(ada.pk, "held")]


def test_deleting_a_contact_takes_events_and_points_along(ada, publish):  # noqa: F811
    publish(5)
    happen(ada, Kind.ASSET_DOWNLOADED, SubjectFactory(type="asset"), AT)
    pipeline.drain()
    AssetFactory()
    ada.delete()
    pipeline.drain()

    assert (Event.objects.count(), PointEntry.objects.count(), ContactScore.objects.count()) == (0, 0, 0)
