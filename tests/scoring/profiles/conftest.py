"""Ada, Bob, and rules about who they are."""

import pytest

from config import pipeline
from contacts.models import Contact
from scoring.models import Holding
from tests.factories import ContactFactory


def when(filter, op, value, **fields):
    return {"conditions": {"all": [{"filter": filter, "op": op, "value": value, **fields}]}}


FRENCH = when("field", "is", "FR", field="country")


@pytest.fixture
def profile(publish):
    """profile(points=20, params=FRENCH): a profile rule in force."""

    def profile(points=20, params=FRENCH, **fields):
        return publish(points, source="profile_matches", params=params, **fields)

    return profile


@pytest.fixture
def ada():
    return ContactFactory(email="ada@example.com", country="FR")


@pytest.fixture
def bob():
    return ContactFactory(email="bob@example.com", country="GB")


def change(contact, **values):
    Contact.objects.filter(pk=contact.pk).update(**values)
    pipeline.drain()


def intervals(contact):
    rows = Holding.objects.filter(contact=contact).order_by("id").select_related("version")
    return [(row.version.number, row.until is None) for row in rows]
