"""Which scores the triggers watch: no movement that concerns one may be left in the database."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from campaigns import triggers
from campaigns.models import Trigger
from scoring.models import PointGroup
from scoring.scores import Movement
from tests.cases import cases
from tests.factories import TriggerFactory

Again, Direction = Trigger.Again, Trigger.Direction
levels = st.integers(-4, 4).map(Decimal)


@cases(quick=300)
@given(
    trigger=st.builds(
        Trigger,
        threshold=levels,
        direction=st.sampled_from(Direction.values),
        again=st.sampled_from(Again.values),
        rearm_at=st.none() | levels,
    ),
    movement=st.builds(Movement, st.just(1), st.none(), levels, levels),
)
def test_what_fires_or_rearms_a_trigger_touches_its_ranges(trigger, movement):
    low, high = sorted([movement.before, movement.after])
    concerns = triggers.crossing(trigger, [movement]) or triggers.back(trigger, [movement])
    touches = any(low <= highest and high >= lowest for lowest, highest in triggers.ranges(trigger))
    assert touches or not concerns


@pytest.mark.django_db
def test_active_triggers_are_watched_by_group():
    group = PointGroup.objects.create(name="Interest")
    TriggerFactory(threshold=50, group=group)
    TriggerFactory(threshold=80, group=group, again=Again.REARM, rearm_at=20)
    TriggerFactory(threshold=10, group=None, direction=Direction.FALLING, again=Again.REARM)
    TriggerFactory(threshold=99, group=group, is_active=False)
    TriggerFactory(threshold=98, group=group, active_until=timezone.now() - timedelta(days=1))
    endless = Decimal("Infinity")
    assert triggers.watched() == {
        group.pk: [(50, 50), (80, 80), (-endless, 20)],
        None: [(10, 10), (10, endless)],
    }
