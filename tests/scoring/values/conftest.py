import pytest
import time_machine

from tests.scoring.values.book import noon


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(noon(), tick=False) as traveller:
        yield traveller
