"""The months of events: two workers may need the same new one at once."""

from datetime import date

import pytest
from django.db import connection

from tests.threads import at_once
from tracking import inbox

YEAR = [date(2001, month, 1) for month in range(1, 13)]


@pytest.mark.django_db(transaction=True)
def test_a_month_that_several_need_at_once_is_made_once():
    def need(number):
        with connection.cursor() as cursor:  # each has looked before, and remembers that it was not there
            cursor.execute("SELECT to_regclass('tracking_event_200112')")
        inbox.ensure_months("tracking_event", YEAR)

    at_once(need)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'tracking_event_2001%' AND relkind = 'r'")
        assert cursor.fetchone() == (12,)
