"""How far a score can go."""

import pytest

from scoring import terms
from scoring.doctor.chart import Chart
from scoring.doctor.reach import Extra, Reach, reaches
from tests.scoring.conftest import subject
from tests.scoring.doctor.finding import FRENCH

pytestmark = pytest.mark.django_db
INFINITE = float("inf")


def reach(group=None, extras=()):
    return reaches(Chart(), extras)[group and group.pk]


@pytest.mark.parametrize(
    ("rule", "highest"),
    [
        ({"repeat": "once"}, 5),
        ({"repeat": "object"}, INFINITE),
        ({"repeat": "object", "only": 3}, 15),
        ({"repeat": "day"}, INFINITE),
        ({"repeat": "always"}, INFINITE),
        ({"repeat": "day", "expires_after_days": 10}, 50),
        (
            {"repeat": "week", "expires_after_days": 10},
            15,
        ),  # ten days may touch three weeks: no, two … and the bound is safe
        ({"repeat": "month", "expires_after_days": 30}, 15),  # a whole February between two others
        ({"repeat": "always", "cap_amount": 4}, 20),
        ({"repeat": "always", "cap_amount": 4, "cap_per_object": True}, INFINITE),
        ({"repeat": "always", "cap_amount": 4, "cap_per_object": True, "only": 2}, 40),
        ({"repeat": "always", "cap_amount": 19, "cap_unit": "points"}, 15),
        ({"repeat": "always", "cap_amount": 4, "cap_period": "day"}, INFINITE),
        ({"repeat": "always", "cap_amount": 4, "cap_period": "day", "expires_after_days": 2}, 40),
        ({"repeat": "day", "cap_amount": 4, "cap_period": "ever"}, 20),
    ],
)
def test_the_highest_score_one_rule_allows(publish, engagement, rule, highest):
    wanted = rule.pop("only", 0)
    params = {"only": [subject(f"guide {number}").pk for number in range(wanted)]} if wanted else {}
    publish(params=params, **rule)

    assert reach(engagement) == reach() == Reach(0, highest)


def test_points_that_fade_add_up_to_a_limit(publish, engagement):
    publish(repeat="day")
    terms.publish(engagement, {"half_life_days": 1})

    assert reach(engagement) == Reach(0, 10)  # 5 + 2.5 + 1.25 + …


def test_rules_add_up_within_the_limit_of_the_group_and_its_bounds(publish, engagement, fit):
    publish(points=30)
    publish(points=20, source="form_submitted")
    publish(points=10, source="profile_matches", params={"conditions": FRENCH})
    publish(points=-8, source="page_visited")
    publish(points=100, group=fit)
    assert reach(engagement) == Reach(-8, 60)
    assert reach() == Reach(-8, 260)  # fit weighs 2

    terms.publish(engagement, {"cap_points": 35, "cap_period": "ever"})  # of what happens, not of who they are
    assert reach(engagement) == Reach(-8, 45)
    terms.publish(engagement, {"ceiling": 40, "floor": -5})
    assert reach(engagement) == Reach(-5, 40)
    terms.publish_overall(0, 200)
    assert reach() == Reach(0, 200)


def test_a_cap_a_month_limits_nothing_for_good_unless_points_fade(publish, engagement):
    publish(repeat="always")
    terms.publish(engagement, {"cap_points": 100, "cap_period": "month"})
    assert reach(engagement).highest == INFINITE

    terms.publish(engagement, {"half_life_days": 28})
    kept = 2 ** (-1 / 28)
    assert reach(engagement).highest == pytest.approx(100 * (1 + kept / (1 - 0.5)))


def test_points_from_elsewhere_are_reckoned_with(publish, engagement):
    publish()

    assert reach(engagement, [Extra(engagement.pk, 10), Extra(engagement.pk, -3)]) == Reach(-3, 15)
