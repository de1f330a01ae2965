"""A list that is empty says what it is for; every list is called by what is in it."""

import pytest
from django.urls import reverse

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(is_superuser=True))
    return client


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("contacts_datarequest", "Nobody has asked for a copy of their data"),
        ("contacts_erasure", "Nobody has been erased yet."),
        ("tracking_confirmation", "Nobody was asked to confirm by email yet."),
        ("tracking_heldsubmission", "Nothing looks like spam."),
        ("tracking_hit", "All that came in is dealt with."),
        ("tracking_outage", "The database was never away."),
        ("tracking_mark", "Nothing is marked by hand."),
    ],
)
def test_an_empty_list_says_what_it_is_for(operator, model, sentence):
    address = reverse(f"admin:{model}_changelist")

    assert sentence in operator.get(address).text


def test_a_list_is_called_by_what_is_in_it(operator):
    assert "<title> Erasures |" in " ".join(operator.get(reverse("admin:contacts_erasure_changelist")).text.split())
