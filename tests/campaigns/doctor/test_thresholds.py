"""The rule doctor on thresholds that cannot be crossed: each is found exactly, and what is sound is left in peace."""

from decimal import Decimal

import pytest

from scoring import terms
from scoring.doctor import Severity
from scoring.models import Adjustment
from tests.campaigns.conftest import give_score
from tests.campaigns.doctor.findings import about, told
from tests.factories import ContactFactory, StepFactory
from tests.scoring.conftest import SINCE

pytestmark = pytest.mark.django_db


def test_a_threshold_above_what_the_rules_give_is_found(publish, trigger):
    publish(points=49, repeat="once")
    hot = trigger(name="Hot", threshold=50)

    assert told() == [
        (
            "unreachable_threshold",
            Severity.PROBLEM,
            "“Hot” never acts: it waits for 50, and nobody can get beyond 49.",
            (hot,),
        )
    ]


@pytest.mark.parametrize("rule", [{"points": 50, "repeat": "once"}, {"points": 1}])
def test_a_threshold_that_can_just_be_reached_or_by_a_rule_without_end_is_in_peace(publish, trigger, rule):
    publish(**rule)
    trigger(threshold=50)

    assert told() == []


def test_a_ceiling_puts_a_threshold_out_of_reach_in_a_group_and_overall(publish, trigger, group):
    publish(points=1)
    terms.publish(group, {"ceiling": 40})
    in_group, overall = trigger(threshold="40.01"), trigger(threshold=41, group=None)
    trigger(threshold=40)

    assert about() == [("unreachable_threshold", Severity.PROBLEM, (one,)) for one in (in_group, overall)]


def test_weights_decide_what_the_overall_score_can_be(publish, trigger, fit):
    publish(points=20, repeat="once")
    publish(points=60, repeat="once", group=fit)
    terms.publish(fit, {"weight": Decimal("0.5")})
    found = trigger(threshold=51, group=None)
    trigger(threshold=50, group=None)

    assert about() == [("unreachable_threshold", Severity.PROBLEM, (found,))]


def test_points_of_campaigns_and_other_triggers_are_reckoned_with_but_not_its_own(publish, trigger, group, fit):
    publish(points=30, repeat="once")
    publish(points=1, group=fit)
    StepFactory(type="add_points", params={"group": group.pk, "points": 10})
    trigger("add_points", {"group": group.pk, "points": 10}, group=fit, threshold=5)
    StepFactory(campaign__is_active=False, type="add_points", params={"group": group.pk, "points": 1000})
    trigger(threshold=50)
    assert told() == []

    found = trigger(threshold=51)
    assert about() == [("unreachable_threshold", Severity.PROBLEM, (found,))]

    trigger("add_points", {"group": group.pk, "points": 1}, group=fit, threshold=5, again="rearm")
    assert told() == []


def test_whoever_is_there_already_proves_that_it_can_be_reached(publish, trigger, group):
    publish(points=10, repeat="once")
    trigger(threshold=50)
    give_score(ContactFactory(), 50, group)

    assert told() == []


def test_a_group_that_gets_its_points_by_hand_knows_no_limit(trigger, group):
    found = trigger(threshold=50)
    assert about() == [("unreachable_threshold", Severity.PROBLEM, (found,))]

    Adjustment.objects.create(contact=ContactFactory(), group=group, points=1, note="Fair")
    assert told() == []


def test_a_falling_trigger_below_the_floor_is_found(publish, trigger, group):
    publish(points=10)
    publish(points=-10)
    terms.publish(group, {"floor": 0})
    lost = trigger(name="Lost", threshold=0, direction="falling")
    trigger(threshold=1, direction="falling")

    assert told() == [
        ("unreachable_threshold", Severity.PROBLEM, "“Lost” never acts: nobody can fall below 0.", (lost,))
    ]


def test_nobody_falls_from_where_nobody_gets(publish, trigger):
    publish(points=10, repeat="once")
    cold = trigger(name="Cold", threshold=20, direction="falling")

    assert told() == [
        (
            "unreachable_threshold",
            Severity.PROBLEM,
            "“Cold” never acts: to fall below 20, one would first have to be above 10.",
            (cold,),
        )
    ]


def test_nobody_rises_to_where_everybody_is(publish, trigger):
    publish(points=10)
    anybody = trigger(name="Anybody", threshold=0)

    assert told() == [
        (
            "unreachable_threshold",
            Severity.PROBLEM,
            "“Anybody” never acts: nobody rises to 0, because nobody is ever below it.",
            (anybody,),
        )
    ]


def test_a_re_arm_level_nobody_comes_back_to_is_found(publish, trigger):
    publish(points=10)
    publish(points=-5, repeat="once")
    found = trigger(name="Again", threshold=20, again="rearm", rearm_at=-6)
    trigger(threshold=20, again="rearm", rearm_at=-5)

    assert told() == [
        (
            "unreachable_threshold",
            Severity.WARNING,
            "“Again” acts once for each contact, although it says “again”: nobody comes back to −6.",
            (found,),
        )
    ]


@pytest.mark.parametrize("off", [{"is_active": False}, {"archived_at": SINCE}, {"active_until": SINCE}])
def test_a_trigger_that_is_off_is_not_examined(trigger, off):
    trigger(threshold=50, **off)

    assert told() == []
