"""A list that is empty says what it is for; every list is called by what is in it."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse

from contacts.models import ConsentPolicy, RetentionPolicy
from scoring.models import ContactScore, OverallScore
from tests.factories import UserFactory
from tracking.models import PageVariant

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(is_superuser=True))
    return client


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("contacts_contact", "Nobody is here yet. Contacts come by forms"),
        ("scoring_pointaction", "A point action says what is worth how many points"),
        ("campaigns_trigger", "A trigger acts when a score reaches a threshold"),
        ("contacts_datarequest", "Nobody has asked for a copy of their data"),
        ("contacts_erasure", "Nobody has been erased yet."),
        ("contacts_erasurerun", "Nobody has erased several people at once yet."),
        ("tracking_confirmation", "Nobody was asked to confirm by email yet."),
        ("tracking_heldsubmission", "Nothing looks like spam."),
        ("tracking_hit", "All that came in is dealt with."),
        ("tracking_outage", "No hit ever had to wait."),
        ("tracking_mark", "Nothing is marked by hand."),
    ],
)
def test_an_empty_list_says_what_it_is_for(operator, model, sentence):
    address = reverse(f"admin:{model}_changelist")

    assert sentence in operator.get(address).text


# What has a page of its own instead of a list, never an empty one, or none for marketers.
NO_LISTS = {ConsentPolicy, RetentionPolicy, OverallScore, ContactScore, PageVariant, User, Group}


def test_every_list_has_something_to_say_while_it_is_empty():
    lists = [page for model, page in admin.site._registry.items() if model not in NO_LISTS]

    assert [page for page in lists if not page.empty_text] == []


def test_a_list_is_called_by_what_is_in_it(operator):
    assert "<title> Erasures |" in " ".join(operator.get(reverse("admin:contacts_erasure_changelist")).text.split())
