"""What can be met and asked for."""

import pytest

from tests.scoring.conftest import subject
from tracking.models import Subject


@pytest.fixture
def demo(db):
    return subject("Demo", Subject.Type.FORM)


@pytest.fixture
def guide(db):
    return subject("Guide")
