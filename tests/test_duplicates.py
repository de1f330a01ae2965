"""Who may be one person, who is proved to be, and who is left to a person to decide about."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from config import pipeline
from contacts import consent, duplicates, merging
from contacts.models import Contact, Duplicate, Merge, MergePolicy, Purpose
from scoring.models import Repeat
from tests.factories import CompanyFactory, ContactFactory, FormFactory, LinkFactory
from tests.scoring.conftest import download, happen, score, subject
from tests.tracking.visiting import BROWSER, OTHER, identify
from tracking.models import Confirmation, Event, FormSubmission, Kind, Verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return ContactFactory(email="ada@example.com", first_name="Ada", last_name="Lovelace")


@pytest.fixture
def work():
    """The same person at work."""
    return ContactFactory(email="ada@work.example", first_name="ADA", last_name="Lovelace")


def pairs():
    duplicates.look()
    return sorted((row.first_id, row.second_id, tuple(row.reasons)) for row in Duplicate.objects.all())


def follow(contact, visitor=BROWSER):
    """A link in a mail to the contact, an hour from now."""
    at = timezone.now() + timedelta(hours=1)
    happen(contact, Kind.EMAIL_CLICKED, LinkFactory().subject, at, visitor_id=visitor, message_id=7)


def prove(*contacts, visitor=BROWSER):
    for contact in contacts:
        identify(contact.email, visitor)
        follow(contact, visitor)
    pipeline.drain()


def test_the_same_phone_or_the_same_name_at_the_same_company_is_proposed(ada, work):
    company = CompanyFactory()
    a, b = ContactFactory.create_batch(2, phone="+33612345678")
    Contact.objects.filter(pk__in=[ada.pk, work.pk]).update(company=company)
    ContactFactory(first_name="Ada", last_name="Lovelace", company=CompanyFactory())
    ContactFactory.create_batch(2, company=company)
    ContactFactory(phone="+33612345678", merged_into=a)

    assert pairs() == [(ada.pk, work.pk, ("name",)), (a.pk, b.pk, ("phone",))]


def test_two_addresses_in_one_browser_are_proposed_and_a_shared_computer_is_not(ada, work):
    for email in (ada.email, work.email):
        identify(email)
    for number in range(5):
        identify(f"pupil{number}@example.com", OTHER)
    pipeline.drain()

    assert pairs() == [(ada.pk, work.pk, ("browser",))]
    assert duplicates.merge_proved() == 0


def test_who_proved_both_addresses_is_merged_and_scores_act(ada, work, publish):
    publish(5, repeat=Repeat.ALWAYS)
    for contact in (ada, work):
        download(contact, subject(f"guide {contact.pk}"))
    prove(ada, work)

    assert duplicates.merge_proved() == 1
    pipeline.drain()
    [merge] = Merge.objects.all()
    assert (merge.origin, merge.winner, merge.loser, merge.author) == ("automatic", ada, work, None)
    assert merge.note == "Proved: Two addresses given in one browser"
    assert score(ada) == 10
    assert duplicates.merge_proved() == 0


def others(**values):
    return Contact.objects.filter(email="ada@work.example").update(**values)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: others(first_name="Bob"),  # who shares the browser
        lambda: others(first_name="", last_name=""),
        lambda: Event.objects.filter(kind=Kind.EMAIL_CLICKED, contact__email="ada@work.example").update(
            verdict=Verdict.SCANNER
        ),
        lambda: MergePolicy(is_automatic=False).save(),
        lambda: (identify("third@example.com"), pipeline.drain()),
        lambda: (duplicates.look(), Duplicate.objects.update(dismissed_at=timezone.now())),
        lambda: merging.undo(merging.merge(*Contact.objects.order_by("pk").values_list("pk", flat=True))),
    ],
    ids=["another name", "no name", "a machine", "policy", "a third address", "dismissed", "undone"],
)
def test_less_than_proof_is_left_to_a_person(ada, work, spoil):
    prove(ada, work)
    spoil()

    assert duplicates.merge_proved() == 0


def test_a_form_that_was_confirmed_from_a_mail_proves_its_address(ada, work):
    prove(ada)
    identify(work.email)
    pipeline.drain()
    key, form = uuid4(), FormFactory()
    now = timezone.now()
    FormSubmission.objects.create(form=form, contact=work, visitor_id=BROWSER, key=key, at=now)
    asked = Confirmation.objects.create(
        key=key, form=form, contact=work, email=work.email, asked_at=now, expires_at=now + timedelta(days=1)
    )
    assert duplicates.merge_proved() == 0
    Confirmation.objects.filter(pk=asked.pk).update(confirmed_at=now)

    assert duplicates.merge_proved() == 1


def test_a_mail_that_was_followed_without_its_address_being_given_proves_nothing(ada, work):
    identify(ada.email)
    follow(ada)
    follow(work)
    pipeline.drain()

    assert duplicates.merge_proved() == 0
    assert pairs() == []


def test_what_was_followed_before_the_address_was_given_proves_nothing(ada, work):
    prove(ada)
    happen(work, Kind.EMAIL_CLICKED, LinkFactory().subject, timezone.now() - timedelta(days=1), visitor_id=BROWSER)
    identify(work.email)
    pipeline.drain()

    assert duplicates.merge_proved() == 0


def test_a_phone_number_agrees_for_who_has_no_name(ada, work):
    others(first_name="", last_name="", phone="+33612345678")
    Contact.objects.filter(pk=ada.pk).update(phone="+33612345678")
    prove(ada, work)

    assert duplicates.merge_proved() == 1


def test_a_refusal_of_either_is_in_force_after_an_automatic_merge(ada, work):
    consent.withdraw(work, Purpose.PROFILING)
    prove(ada, work)
    duplicates.merge_proved()

    assert consent.allowed(Purpose.PROFILING, [ada.pk]) == set()
