"""What the instance asks for, in which words, and what people choose."""

import pytest
from django.db import IntegrityError, transaction

from contacts import choices, conditions, consent, consent_policies, consent_texts
from contacts.models import Channel, Consent, ConsentPolicy, ConsentText, Contact, DataRequest, DoNotContact, Purpose
from tests.factories import ContactFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_asked(settings):
    settings.CONSENT_REQUIRED = []


# --- settings ---------------------------------------------------------------------------------------------------------


def test_the_environment_decides_until_a_person_does(settings):
    settings.CONSENT_REQUIRED = ["profiling"]
    assert consent_policies.required() == {"profiling"}

    author = UserFactory()
    assert consent_policies.decide("web_tracking", True, author) is True
    assert consent_policies.decide("profiling", False, author) is True
    assert consent_policies.decide("profiling", False, author) is False

    assert consent_policies.required() == consent_policies.required_as_known() == {"web_tracking"}
    rows = ConsentPolicy.objects.order_by("pk").values_list("purpose", "is_required", "author")
    assert list(rows) == [("web_tracking", True, author.pk), ("profiling", False, author.pk)]


def test_the_settings_are_asked_for_once_in_a_while_and_never_by_the_hot_path(django_assert_num_queries):
    consent_policies.suppose({}, seconds=-1)
    with django_assert_num_queries(0):
        consent_policies.required_as_known()
    with django_assert_num_queries(1):
        consent_policies.required()
        consent_policies.required()


def test_another_process_is_heard_of(settings):
    consent_policies.required()
    ConsentPolicy.objects.create(purpose="profiling", is_required=True)
    assert consent_policies.required() == set()
    consent_policies.suppose({}, seconds=-1)
    assert consent_policies.required() == {"profiling"}


def test_the_setting_decides_about_who_has_said_nothing():
    yes, no, silent = (ContactFactory() for _ in range(3))
    consent.give(yes, "link_tracking")
    consent.withdraw(no, "link_tracking")
    ids = [yes.pk, no.pk, silent.pk]

    assert consent.allowed("link_tracking", ids) == {yes.pk, silent.pk}
    consent_policies.decide("link_tracking", True)
    assert consent.allowed("link_tracking", ids) == {yes.pk}


# --- texts ------------------------------------------------------------------------------------------------------------


def test_a_text_is_a_new_version_only_when_it_changes_and_a_consent_names_the_one_shown():
    before = consent_texts.current("en")["profiling"]
    assert (before.version, before.row) == (0, None)
    first = consent_texts.write("profiling", "en", "A score, please?")
    assert consent_texts.write("profiling", "en", "A score, please?") == first
    second = consent_texts.write("profiling", "en", "May we score you?")
    french = consent_texts.write("profiling", "fr", "Un score ?")

    assert [(one.version, one.language) for one in (first, second, french)] == [(1, "en"), (2, "en"), (1, "fr")]
    assert consent_texts.current("en")["profiling"].row == second
    assert consent.give(ContactFactory(), "profiling", "A score, please?").shown == first
    assert consent.give(ContactFactory(), "profiling", "Something else").shown is None
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentText.objects.create(purpose="profiling", language="en", version=2, text="again")


# --- choices ----------------------------------------------------------------------------------------------------------


def state(contact):
    found = choices.of(contact, "en")
    return {one.name: one.is_on for one in [*found.channels, *found.purposes]}


def test_the_choices_are_what_is_in_force():
    contact = ContactFactory(phone="")
    consent_policies.decide("profiling", True)
    consent.withdraw(contact, "link_tracking")

    assert state(contact) == {
        "email": True,
        "web_tracking": True,
        "email_tracking": True,
        "link_tracking": False,
        "profiling": False,
    }


def test_answers_are_kept_with_proof_and_only_where_they_say_something_new():
    contact = ContactFactory(phone="+33612345678")
    text = consent_texts.write("profiling", "en", "May we score you?")
    asked = choices.of(contact, "en").open
    on = ["email", "profiling", "web_tracking"]

    refused = choices.save(contact, asked, on, "Page", "203.0.113.77")

    assert refused == {"sms", "email_tracking", "link_tracking"}
    rows = {row.purpose: row for row in Consent.objects.filter(contact=contact)}
    assert {name: row.granted for name, row in rows.items()} == {
        name: name in on for name in [*Channel.values, *Purpose.values]
    }
    proof = rows["profiling"]
    assert (proof.text, proof.shown, proof.source, proof.ip) == ("May we score you?", text, "Page", "203.0.113.0")
    assert list(contact.blocks.values_list("channel", "reason")) == [("sms", "unsubscribed")]

    again = choices.save(contact, choices.of(contact, "en").open, on, "Page", None)
    assert (again, Consent.objects.count()) == (set(), len(rows))

    assert choices.save(contact, choices.of(contact, "en").open, [*on, "sms"], "Page", None) == set()
    assert (contact.blocks.count(), Consent.objects.filter(purpose="sms").count()) == (0, 2)


@pytest.mark.parametrize("reason", [DoNotContact.Reason.BOUNCED, DoNotContact.Reason.MANUAL])
def test_a_block_that_is_not_the_persons_own_stays(reason):
    contact = ContactFactory(phone="")
    consent.block(contact, "email", reason)

    found = choices.of(contact, "en")
    choices.save(contact, found.open, ["email"], "Page", None)

    assert (found.channels[0].is_on, bool(found.channels[0].fixed)) == (False, True)
    assert list(contact.blocks.values_list("reason", flat=True)) == [reason]


def test_one_request_of_a_kind_waits_at_a_time():
    contact = ContactFactory()
    DataRequest.objects.create(contact=contact, kind="export")
    DataRequest.objects.create(contact=contact, kind="erasure")
    with pytest.raises(IntegrityError), transaction.atomic():
        DataRequest.objects.create(contact=contact, kind="export")


def test_a_condition_can_ask_for_what_was_confirmed():
    confirmed, given, taken_back = (ContactFactory(email=f"{name}@example.com") for name in "abc")
    for contact in (confirmed, taken_back):
        row = consent.give(contact, "profiling")
        Consent.objects.filter(pk=row.pk).update(asked_at=row.given_at)
    consent.give(given, "profiling")
    consent.withdraw(taken_back, "profiling")
    rule = {"all": [{"filter": "consent", "op": "confirmed", "value": "profiling"}]}

    assert list(conditions.matching(rule)) == [confirmed]
    assert list(conditions.matching({"not": rule}).order_by("email")) == [given, taken_back]
    assert Contact.objects.count() == 3


# --- at once ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_texts_written_at_once_get_a_version_each():
    at_once(lambda n: consent_texts.write("profiling", "en", f"Text {n}"))
    versions = ConsentText.objects.order_by("version").values_list("version", flat=True)
    assert list(versions) == list(range(1, len(versions) + 1))
    assert len(versions) > 1


@pytest.mark.django_db(transaction=True)
def test_a_setting_changed_at_once_is_changed_once():
    assert sum(at_once(lambda n: consent_policies.decide("web_tracking", True))) == 1
    assert ConsentPolicy.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_made_at_once_is_made_once():
    contact = ContactFactory()
    at_once(lambda n: DataRequest.objects.get_or_create(contact=contact, kind="export", done_at=None))
    assert DataRequest.objects.count() == 1
