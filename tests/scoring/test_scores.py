"""Moving scores: what is told of a movement."""

from decimal import Decimal

import pytest
from django.db import transaction

from contacts.sql import tuples
from scoring import scores
from scoring.models import PointGroup
from scoring.scores import Delta, Movement
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def group():
    return PointGroup.objects.create(name="Interest")


def moved(deltas, watched=None):
    with transaction.atomic():
        scores.lock([delta.contact_id for delta in deltas])
        return scores.refresh(deltas, watched)


def test_every_movement_is_told_where_no_range_is_asked_for(group):
    ada = ContactFactory()
    assert moved([Delta(ada.pk, group.pk, 5)]) == [
        Movement(ada.pk, group.pk, Decimal(0), Decimal(5)),
        Movement(ada.pk, None, Decimal(0), Decimal(5)),
    ]


@pytest.mark.parametrize(
    ("lowest", "highest", "told"),
    [(6, 9, False), (5, 9, True), (3, 3, True), ("-Infinity", 0, True), (-9, -1, False), (1, "Infinity", True)],
)
def test_only_movements_that_touch_a_range_are_told(group, lowest, highest, told):
    ada = ContactFactory()
    found = moved([Delta(ada.pk, group.pk, 5)], {group.pk: [(Decimal(lowest), Decimal(highest))]})
    assert found == ([Movement(ada.pk, group.pk, Decimal(0), Decimal(5))] if told else [])


def test_a_range_is_of_its_group_or_of_the_overall_score_alone(group):
    ada, other = ContactFactory(), PointGroup.objects.create(name="Other")
    everywhere = [(Decimal("-Infinity"), Decimal("Infinity"))]
    assert moved([Delta(ada.pk, group.pk, 5)], {other.pk: everywhere}) == []
    assert moved([Delta(ada.pk, group.pk, 5)], {None: everywhere}) == [Movement(ada.pk, None, Decimal(5), Decimal(10))]
    assert moved([Delta(ada.pk, group.pk, 5)], {}) == []
    assert scores.refresh([]) == []


def test_a_movement_writes_no_index_that_nobody_asks():
    indexes = (
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'scoring_contactscore'::regclass ORDER BY 1"
    )
    assert [name for (name,) in tuples(indexes, [])] == [
        "barred_contact",
        "one_score_per_contact_and_group",
        "ranking",
        "ranking_overall",
        "ranking_today",
        "scoring_contactscore_pkey",  # nobody asks it, but logical replication cannot do without
    ]
