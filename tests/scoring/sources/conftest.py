"""What the tests of point sources share."""

from datetime import UTC, datetime

import pytest

from contacts.models import Contact
from tests.scoring.conftest import subject
from tracking import pages
from tracking.models import Subject

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def everything_allowed(settings):
    settings.CONSENT_REQUIRED = []


@pytest.fixture
def ada():
    return Contact.objects.create(email="ada@example.com", country="FR")


def link(key, message, path):
    return subject(key, Subject.Type.LINK, parent=message, host="shop.example", path=path)


def page(url):
    made = pages.page(url)
    made.save()
    return made
