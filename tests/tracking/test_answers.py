"""What a form's answers make of a contact, and who may say what about whom."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import pipeline
from contacts.models import Company, Consent, Contact
from scoring.models import ContactScore
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    FormFactory,
    FormFieldFactory,
    SegmentFactory,
)
from tests.scoring.conftest import happen
from tests.tracking.visiting import AT, BROWSER, identify, owners, submit, visit
from tracking import inbox
from tracking.models import Event, FormSubmission, Hit, Kind

pytestmark = pytest.mark.django_db


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


def test_a_form_without_an_email_is_kept_and_claimed_when_the_browser_is_known(form, publish):
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


def test_a_batch_asks_as_often_for_thirty_people_as_for_three(form, publish):
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
