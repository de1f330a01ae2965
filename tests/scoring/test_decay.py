"""Fading over years: forward sums neither overflow nor vanish, and nobody's score depends on when they began."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from config import pipeline
from scoring import scores, sql, terms, values
from scoring.models import PointGroup, Repeat
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def shown(contact, group):
    return values.current([contact.pk]).get((contact.pk, group.pk), Decimal())


@pytest.mark.parametrize("half_life", [1, 30])
def test_points_fade_by_half_each_half_life_for_years(publish, engagement, half_life):
    publish(64, repeat=Repeat.ALWAYS)
    ada = ContactFactory()
    with time_machine.travel(START, tick=False):
        terms.publish(engagement, {"half_life_days": half_life})
        download(ada, subject("guide"), START)
        pipeline.drain()
        assert shown(ada, engagement) == 64
    found = []
    for years in (0, 1, 4, 9):
        now = START + timedelta(days=365 * years + half_life)
        with time_machine.travel(now, tick=False):
            pipeline.drain()
            download(ada, subject(f"guide {years}"), now)
            pipeline.drain()
            found.append(shown(ada, engagement))
            assert sql.differences() == []
    left = [
        64 * sum(Decimal(2) ** (-365 * (year - before) // half_life) for before in (0, 1, 4, 9) if before <= year)
        for year in (0, 1, 4, 9)
    ]
    assert found[0] == 96
    assert all(abs(have - due) < 1 for have, due in zip(found[1:], left[1:], strict=True))


def test_the_epoch_moves_on_and_moves_no_score(publish, engagement):
    publish(64)
    ada, bob = ContactFactory(), ContactFactory()
    with time_machine.travel(START, tick=False):
        terms.publish(engagement, {"half_life_days": 1})
        pipeline.drain()
    late = START + timedelta(days=301)
    download(ada, subject("guide"), START)
    download(bob, subject("checklist"), late - timedelta(days=2))
    with time_machine.travel(late - timedelta(days=1), tick=False):
        pipeline.drain()
        before = PointGroup.objects.get(pk=engagement.pk).epoch
        assert (shown(ada, engagement), shown(bob, engagement)) == (0, 32)
    with time_machine.travel(late, tick=False):
        pipeline.drain()
        assert PointGroup.objects.get(pk=engagement.pk).epoch == scores.decay.today() > before
        assert (shown(ada, engagement), shown(bob, engagement), sql.differences()) == (0, 16, [])


def test_a_score_of_long_ago_is_nothing_rather_than_an_error(publish, engagement):
    publish(64)
    ada = ContactFactory()
    terms.publish(engagement, {"half_life_days": 1})
    download(ada, subject("guide"), START - timedelta(days=365 * 5))
    with time_machine.travel(START + timedelta(days=365 * 10), tick=False):
        pipeline.drain()
        assert (shown(ada, engagement), sql.differences()) == (0, [])
