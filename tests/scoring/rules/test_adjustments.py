"""Adjustments: each moves the score once, whoever asks and however often."""

from uuid import UUID

import pytest

from config import pipeline
from scoring import ledger, sql
from scoring.models import (
    Adjustment,
    ContactScore,
)
from tests.factories import UserFactory
from tests.scoring.conftest import score
from tests.scoring.rules.conftest import concurrent
from tests.threads import together

pytestmark = pytest.mark.django_db


def test_an_adjustment_moves_the_score_within_a_tick_and_once(ada, engagement, fit):
    author = UserFactory()
    first = ledger.adjust(ada.pk, engagement.pk, 30, note="Met at the fair", author=author)
    ledger.adjust(ada.pk, fit.pk, -4, note="Too small", origin=Adjustment.Origin.CAMPAIGN)
    assert score(ada) is None
    pipeline.drain()
    pipeline.drain()

    assert (score(ada), score(ada, engagement), score(ada, fit)) == (22, 30, -4)
    assert (first.author, first.origin, first.note) == (author, "manual", "Met at the fair")
    assert sql.differences() == []
    assert not Adjustment.objects.filter(applied_at__isnull=True).exists()


def test_an_adjustment_with_the_same_key_is_the_first_one(ada, engagement):
    key = UUID(int=7)
    first = ledger.adjust(ada.pk, engagement.pk, 30, note="once", key=key)
    pipeline.drain()
    again = ledger.adjust(ada.pk, engagement.pk, 99, note="twice", key=key)
    pipeline.drain()

    assert (again.pk, again.points, again.note) == (first.pk, 30, "once")
    assert score(ada) == 30


def test_a_deleted_contact_takes_adjustments_that_wait_along(ada, engagement):
    ledger.adjust(ada.pk, engagement.pk, 30, note="late")
    ada.delete()
    pipeline.drain()

    assert (Adjustment.objects.count(), ContactScore.objects.count()) == (0, 0)


@concurrent
def test_two_pipelines_apply_each_adjustment_once(ada, engagement):
    for number in range(40):
        ledger.adjust(ada.pk, engagement.pk, number + 1, note="many")
    together(*[lambda: pipeline.drain(limit=3)] * 3)
    pipeline.drain()

    assert score(ada) == sum(range(1, 41))
    assert sql.differences() == []


@concurrent
def test_the_key_of_an_adjustment_makes_it_one_whoever_asks(ada, engagement):
    made = together(*[lambda: ledger.adjust(ada.pk, engagement.pk, 30, note="x", key=UUID(int=7)).pk] * 5)

    assert set(made) == {Adjustment.objects.get().pk}
