"""Many values bound as one."""

import pytest

from contacts.sql import array, tuples

LEAST, MOST = -(2**63), 2**63 - 1
BROWSER = "01a2071f-4ff5-7c6f-a8a2-9fd5fb9185f9"


@pytest.mark.django_db
@pytest.mark.parametrize("values", [[], [7], [1, None, -2], [LEAST, MOST]])
def test_numbers_come_to_the_database_as_they_are(values):
    assert tuples("SELECT %s::bigint[]", [array(values)]) == [(values,)]


@pytest.mark.django_db
def test_so_do_truth_values_and_uuids():
    assert tuples("SELECT %s::boolean[], %s::uuid[]::text[]", [array([True, False]), array([BROWSER, None])]) == [
        ([True, False], [BROWSER, None])
    ]
