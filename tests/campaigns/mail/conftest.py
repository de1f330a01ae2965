"""Anne, who is written to, and a mail to her from the queue to the mail server."""

import pytest

from campaigns import delivery
from contacts import consent
from contacts.models import Purpose
from tests.factories import (
    ContactFactory,
    DeliveryFactory,
)


@pytest.fixture(autouse=True)
def public(settings):
    settings.PUBLIC_URL = "https://bareme.example"


@pytest.fixture
def anne():
    anne = ContactFactory(email="anne@example.com", first_name="Anne", last_name="Moreau", city="Lyon")
    for purpose in Purpose:
        consent.give(anne, purpose)
    return anne


def queue(email, contact):
    return DeliveryFactory(type="send_email", params={"email": email.pk}, contact=contact)


def perform(email, contact):
    queued = queue(email, contact)
    delivery.perform(queued.pk)
    queued.refresh_from_db()
    return queued
