"""Ada, at a time."""

from datetime import UTC, datetime

import pytest

from tests.factories import ContactFactory

concurrent = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ada(db):
    return ContactFactory(email="ada@example.com", country="FR")
