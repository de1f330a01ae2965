"""Ada's score, as the letter to her tells it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import translation

from config import pipeline
from scoring import ledger
from scoring.models import Repeat
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, subject

NOW = datetime(2026, 1, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(settings):
    settings.DEFAULT_FROM_EMAIL = "Cuvelog <hello@cuvelog.example>"
    with translation.override("en"), time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def ada(publish, engagement, fit):
    ada = ContactFactory(first_name="Ada", last_name="Lovelace", email="ada@example.com")
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=2)
    for days in (3, 2, 1):
        download(ada, subject(f"Guide {days}"), NOW - timedelta(days=days))
    ledger.adjust(ada.pk, fit.pk, -3, note="said Bob", author=UserFactory(username="camille"))
    pipeline.drain()
    return ada


def pages(file):
    assert file.startswith(b"%PDF-")
    return len(re.findall(rb"/Type /Page\b", file))
