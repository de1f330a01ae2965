import pytest

from scoring import rules
from scoring.models import PointAction, PointGroup
from tests.factories import TriggerActionFactory, TriggerFactory


@pytest.fixture
def fit(db):
    return PointGroup.objects.create(name="Fit")


@pytest.fixture
def publish(group):
    """publish(points=5, …): a new point action, young, so that nothing is said about the rule itself."""

    def publish(points=5, source="asset_downloaded", repeat="always", group=group, since=None, **fields):
        action = PointAction.objects.create(
            name=f"{source} {points:+d}", source=source, points=points, repeat=repeat, group=group, **fields
        )
        rules.publish(action, since=since)
        return action

    return publish


@pytest.fixture
def trigger(group):
    """trigger("add_points", {…}, …): one with one action, in the group."""

    def trigger(type=None, params=None, group=group, **fields):
        made = TriggerFactory(group=group, **fields)
        if type:
            TriggerActionFactory(trigger=made, type=type, params=params)
        return made

    return trigger


@pytest.fixture
def reachable(publish):
    """Points in both directions without end, by what no message does."""
    publish(points=1)
    publish(points=-1)
