"""The rule doctor on stages that overlap."""

import pytest

from scoring.doctor import Severity
from tests.campaigns.doctor.findings import BELGIAN, FRENCH, told
from tests.factories import StageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pull(trigger):
    """pull(stage, threshold): a trigger that sets a stage."""

    def pull(stage, threshold, forward_only=True, **fields):
        params = {"stage": stage.pk, "forward_only": forward_only}
        return trigger("set_stage", params, threshold=threshold, **fields)

    return pull


@pytest.fixture
def stages(reachable):
    return [StageFactory(name=name, position=position) for position, name in enumerate(("Lead", "Ready", "Hot"))]


def test_stages_in_the_order_of_their_thresholds_are_in_peace(stages, pull):
    lead, ready, hot = stages
    pull(lead, 20)
    pull(ready, 40)
    pull(hot, 60)
    pull(lead, 40, direction="falling", forward_only=False)
    pull(ready, 55, direction="falling", forward_only=False)

    assert told() == []


def test_two_stages_at_the_same_threshold_are_found(stages, pull):
    lead, ready, _hot = stages
    second, first = pull(ready, 40, name="Two"), pull(lead, 40, name="One")

    assert told() == [
        (
            "overlapping_stages",
            Severity.PROBLEM,
            "At 40, “One” and “Two” set two different stages: “Lead” and “Ready”.",
            (first, second, lead, ready),
        )
    ]


def test_a_lower_stage_above_a_higher_one_is_found(stages, pull):
    lead, ready, _hot = stages
    one, two = pull(lead, 60, name="One"), pull(ready, 40, name="Two")

    assert told() == [
        (
            "overlapping_stages",
            Severity.PROBLEM,
            "“One” sets the stage “Lead” at 60, but “Two” has set “Ready” at 40 already, which comes after it in the funnel.",
            (one, two, lead, ready),
        )
    ]


def test_a_range_where_two_stages_pull_is_found(stages, pull):
    lead, ready, _hot = stages
    rising, falling = pull(ready, 40, name="Up"), pull(lead, 50, direction="falling", forward_only=False, name="Down")

    assert told() == [
        (
            "overlapping_stages",
            Severity.WARNING,
            "Between 40 and 50 a contact can be at “Ready” or at “Lead”, with the same score.",
            (falling, rising, lead, ready),
        )
    ]


def test_other_scores_other_contacts_and_the_same_stage_do_not_contradict(stages, pull, publish, fit):
    lead, ready, _hot = stages
    publish(group=fit)
    pull(lead, 40, conditions=FRENCH)
    pull(ready, 40, conditions=BELGIAN)
    pull(ready, 40, group=fit)
    pull(ready, 40, group=None)
    pull(lead, 40, is_active=False)
    pull(lead, 45, conditions=FRENCH)
    assert [what for _key, _severity, what, _rows in told()] == []

    pull(lead, 45)  # everybody, and so the Belgian contacts too
    assert len(told()) == 1


def test_stages_at_the_same_place_of_the_funnel_are_found(reachable):
    one, two = StageFactory(name="Lead", position=1), StageFactory(name="Ready", position=1)
    StageFactory(position=2)

    assert told() == [
        (
            "overlapping_stages",
            Severity.WARNING,
            "“Lead” and “Ready” stand at the same place of the funnel.",
            (one, two),
        )
    ]
