from datetime import UTC, date, datetime

import pytest
import time_machine

from contacts import clock

THEN = datetime(2025, 3, 1, 23, 30, tzinfo=UTC)
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
def test_it_is_now_until_somebody_asks_as_of_another_instant(settings):
    settings.TIME_ZONE = "Europe/Paris"
    assert (clock.now(), clock.today()) == (NOW, date(2026, 1, 2))

    with clock.at(THEN):
        assert (clock.now(), clock.today()) == (THEN, date(2025, 3, 2))  # in Paris

    assert clock.now() == NOW


@time_machine.travel(NOW, tick=False)
def test_it_is_now_again_after_an_error():
    with pytest.raises(ZeroDivisionError), clock.at(THEN):
        raise ZeroDivisionError

    assert clock.now() == NOW


def test_an_instant_needs_a_time_zone():
    with pytest.raises(ValueError, match="time zone"), clock.at(datetime(2025, 3, 1)):
        pass
