"""What a server of the marketer's was told about consent: kept with its proof, once; a channel that was refused is blocked."""

import json
from datetime import UTC, datetime

import pytest

from config import pipeline
from contacts import consent, consent_texts, merging, privacy
from contacts.models import Channel, Consent, Contact, DoNotContact
from tests.factories import ContactFactory
from tests.tracking.visiting import BROWSER, identify
from tracking import apikeys
from tracking.models import ApiKey, Hit

pytestmark = pytest.mark.django_db
YES = {"email": "ada@example.com", "purpose": "web_tracking", "granted": True, "text": "May we follow you?"}


@pytest.fixture
def say(client):
    secret = apikeys.issue(ApiKey(name="Shop"))

    def say(*answers):
        sent = json.dumps(answers[0] if len(answers) == 1 else answers)
        headers = {"authorization": f"Bearer {secret}"}
        return client.post("/api/v1/consents", sent, content_type="application/json", headers=headers)

    return say


def kept():
    pipeline.drain()
    columns = ("contact__email", "purpose", "granted", "text", "shown__version", "source", "ip", "given_at")
    return list(Consent.objects.order_by("given_at", "id").values_list(*columns))


def test_an_answer_is_kept_with_all_its_proof(say, ada):
    consent_texts.write("web_tracking", "en", "An older text")
    consent_texts.write("web_tracking", "en", "May we follow you?")
    at = "2026-05-01T11:30:00+02:00"
    response = say({**YES, "at": at, "source": "Checkout", "ip": "203.0.113.77", "key": "order-42"})

    assert (response.status_code, response.json()) == (202, {"accepted": 1})
    given_at = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
    text = ("May we follow you?", 2)
    assert kept() == [("ada@example.com", "web_tracking", True, *text, "Checkout", "203.0.113.0", given_at)]


def test_the_text_may_be_named_by_its_version_and_the_source_is_the_keys_name(say, ada):
    consent_texts.write("profiling", "fr", "Pouvons-nous calculer un score ?")
    named = {"email": ada.email, "purpose": "profiling", "granted": False, "language": "fr"}
    say({**named, "version": 1, "at": "2026-05-01T09:30:00Z"}, {**named, "version": 0, "at": "2026-05-01T09:31:00Z"})

    assert [row[3:7] for row in kept()] == [
        ("Pouvons-nous calculer un score ?", 1, "Shop", None),
        (consent_texts.said("profiling", "fr", 0), None, "Shop", None),
    ]


def test_the_same_key_counts_once_and_is_no_events_key(say, client, ada):
    for _time in range(2):
        say({**YES, "key": "42"})
        pipeline.drain()
    say({**YES, "key": "43"})

    assert [row[0] for row in kept()] == ["ada@example.com"] * 2


def test_the_latest_answer_is_in_force_in_whatever_order_they_come(say, ada):
    say({**YES, "granted": False, "at": "2026-05-02T00:00:00Z"})
    pipeline.drain()
    say({**YES, "at": "2026-05-01T00:00:00Z"})
    pipeline.drain()

    assert consent.allowed("web_tracking", [ada.pk]) == set()


def test_whoever_is_not_known_becomes_a_contact_unless_they_had_themselves_erased(say, ada):
    privacy.erase(ada.pk)
    say(YES, {**YES, "email": "bob@example.com"})

    assert [row[0] for row in kept()] == ["bob@example.com"]
    assert [contact.email for contact in Contact.objects.all()] == ["bob@example.com"]


def test_a_browsers_answer_comes_along_when_we_learn_whose_it_is(say, ada):
    say({"visitor": str(BROWSER), "purpose": "profiling", "granted": False})
    assert kept() == []
    identify("ada@example.com")

    assert [row[:3] for row in kept()] == [("ada@example.com", "profiling", False)]


# --- channels -----------------------------------------------------------------------------------------------------------


def channel(granted, at):
    return {"email": "ada@example.com", "purpose": "email", "granted": granted, "text": "News?", "at": at}


EARLY, LATE = "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"


@pytest.mark.parametrize(
    ("answers", "blocked"),
    [
        ([channel(False, EARLY)], True),
        ([channel(True, EARLY)], False),
        ([channel(True, EARLY), channel(False, LATE)], True),
        ([channel(False, LATE), channel(True, EARLY)], True),
        ([channel(True, LATE), channel(False, EARLY)], False),
        # Whoever said stop to us says go to us: in a mail that they confirm, or on their preference page.
        ([channel(False, EARLY), channel(True, LATE)], True),
    ],
    ids=["no", "yes", "no after yes", "no after yes, late", "no before yes, late", "yes after no"],
)
def test_a_refused_channel_is_blocked(say, ada, answers, blocked):
    for answer in answers:
        say(answer)
        pipeline.drain()

    assert consent.is_blocked(ada, Channel.EMAIL) == blocked
    assert not consent.is_blocked(ada, Channel.SMS)
    assert Consent.objects.count() == len(answers)


def test_a_block_of_another_kind_stays_what_it_is(say, ada):
    consent.block(ada, Channel.EMAIL, DoNotContact.Reason.BOUNCED)
    say(channel(False, EARLY))
    pipeline.drain()

    assert [block.reason for block in ada.blocks.all()] == [DoNotContact.Reason.BOUNCED]


def test_a_refusal_outlives_the_undo_of_a_merge(say, ada):
    old = ContactFactory(email="ada@old.example")
    merge = merging.merge(ada.pk, old.pk)
    say({**channel(False, LATE), "email": "ada@old.example"})
    pipeline.drain()
    assert consent.is_blocked(ada, Channel.EMAIL)
    merging.undo(merge)

    assert consent.is_blocked(old, Channel.EMAIL)
    assert kept()[0][:3] == ("ada@old.example", "email", False)


def test_of_answers_of_one_moment_each_goes_back_to_whose_it_was(say, ada):
    old = ContactFactory(email="ada@old.example")
    merge = merging.merge(ada.pk, old.pk)
    moment = {**YES, "at": "2026-05-01T00:00:00Z"}  # a nightly export knows the day
    say(
        {**moment, "granted": False},
        {**moment, "purpose": "profiling"},
        {**moment, "email": "ada@old.example"},
        {**moment, "email": "ada@old.example", "purpose": "profiling"},
    )
    assert len(kept()) == 4
    merging.undo(merge)

    said = sorted(Consent.objects.values_list("contact__email", "purpose", "granted"))
    assert said == [
        ("ada@example.com", "profiling", True),
        ("ada@example.com", "web_tracking", False),
        ("ada@old.example", "profiling", True),
        ("ada@old.example", "web_tracking", True),
    ]


# --- what is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": "spying"}, "purpose"),
        ({"purpose": None}, "purpose"),
        ({"granted": "yes"}, "granted"),
        ({"granted": None}, "granted"),
        ({"text": None}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": None, "version": 7, "language": "en"}, "version"),
        ({"text": None, "version": 1, "language": "xx"}, "version"),
        ({"version": 1, "language": "en"}, "version"),
        ({"purpose": "sms", "text": None, "version": 0, "language": "en"}, "version"),
        ({"email": None}, "email"),
        ({"email": None, "visitor": str(BROWSER), "purpose": "email"}, "email"),
        ({"ip": "203.0.113.400"}, "ip"),
        ({"source": '{"say": "%(n)99999d", "with": {"n": 1}}'}, "source"),
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"consent": True}, "consent"),
    ],
)
def test_a_wrong_answer_is_named_and_none_is_recorded(say, change, field):
    response = say(YES, {**YES, **change})

    assert response.status_code == 422
    assert [(error["item"], error["field"]) for error in response.json()["errors"]] == [(1, field)]
    assert response.json()["error"] == "Nothing was recorded: 1 answer is wrong."
    assert Hit.objects.count() == 0


def test_neither_nothing_nor_a_key_that_is_none_is_taken(say, client):
    assert say([]).status_code == 422
    assert client.post("/api/v1/consents", "{}", content_type="application/json").status_code == 401
