import pytest

from tests.factories import ContactFactory


@pytest.fixture
def ada(db):
    """She lives in France, then."""
    return ContactFactory(email="ada@example.com", country="FR")
