"""Unsubscribing: one click for people, one POST for programs, nothing for who only looks."""

import re

import pytest

from campaigns.models import Message
from contacts.models import DoNotContact
from tests.campaigns.mail.conftest import perform
from tests.factories import (
    ContactFactory,
    EmailFactory,
)
from tracking.models import Hit, Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(anne, smtp):
    perform(EmailFactory(), anne)
    return re.search(r"https://bareme\.example(/u/[\w-]+)>", Message.objects.get().headers["List-Unsubscribe"])[1]


def unsubscribed():
    return list(DoNotContact.objects.values_list("contact__email", "channel", "reason"))


def test_looking_at_the_page_unsubscribes_nobody(client, link):
    response = client.get(link)

    assert (response.status_code, unsubscribed()) == (200, [])
    assert "No more emails from us?" in response.content.decode()


def test_one_post_without_a_cookie_unsubscribes_once_and_for_all(client, link, anne):
    client.handler.enforce_csrf_checks = True
    for _again in range(2):
        response = client.post(link, {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 200
    assert "You are unsubscribed" in response.content.decode()
    assert unsubscribed() == [("anne@example.com", "email", "unsubscribed")]
    assert Hit.objects.filter(kind=Kind.UNSUBSCRIBED, contact_id=anne.pk).count() == 1
    assert "You are unsubscribed" in client.get(link).content.decode()


def test_the_page_speaks_the_contacts_language(client, link, anne):
    anne.language = "fr"
    anne.save()

    assert client.get(link)["Content-Language"] == "fr"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_that_is_not_ours_is_a_404(client, link, method):
    assert getattr(client, method)(link[:-3] + "abc").status_code == 404
    assert unsubscribed() == []


def test_a_merged_contact_is_unsubscribed_as_who_they_are_now(client, link, anne):
    kept = ContactFactory(email="kept@example.com")
    anne.merged_into = kept
    anne.save()

    client.post(link)

    assert unsubscribed() == [("kept@example.com", "email", "unsubscribed")]


def test_an_erased_contact_gets_the_same_answer(client, link, anne):
    anne.delete()

    assert client.post(link).status_code == 200
