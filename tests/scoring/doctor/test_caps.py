"""Limits that hide a rule."""

import pytest

from scoring import terms
from scoring.doctor import Severity
from tests.factories import ContactFactory
from tests.scoring.conftest import happen, subject
from tests.scoring.doctor.finding import ago, downloads, told
from tracking.models import Kind

pytestmark = pytest.mark.django_db


def test_a_limit_in_points_below_what_one_time_is_worth_never_pays(publish):
    rule = publish(points=20, repeat="always", cap_amount=15, cap_unit="points", cap_period="month")
    downloads([1])

    assert told() == [
        (
            "hiding_cap",
            Severity.PROBLEM,
            "“asset_downloaded +20” can never pay: its limit is smaller than its points.",
            (rule,),
        )
    ]


def test_a_group_limited_below_what_one_time_is_worth_is_found(publish, engagement):
    rule = publish(points=20)
    terms.publish(engagement, {"cap_points": 15})
    downloads([1])

    assert told() == [
        (
            "hiding_cap",
            Severity.WARNING,
            "“asset_downloaded +20” can never pay in full: the limit of “Engagement” is smaller than its points.",
            (engagement, rule),
        )
    ]


def test_a_limit_that_cuts_nearly_all_of_a_rule_is_found(publish):
    rule = publish(repeat="always", cap_amount=1, cap_period="ever")
    downloads([1] * 20)

    assert told() == [
        (
            "hiding_cap",
            Severity.WARNING,
            "95 % of what “asset_downloaded +5” would have brought in the last 90 days was cut by a limit.",
            (rule,),
        )
    ]


@pytest.mark.parametrize("days_ago", [[1] * 19, [100] * 60, [1] * 38], ids=["few", "long ago", "two people"])
def test_a_limit_that_cuts_less_or_seldom_or_did_so_long_ago_is_in_peace(publish, days_ago):
    publish(repeat="always", cap_amount=1, cap_period="ever")
    guide = subject("guide")
    downloads(days_ago[::2], asset=guide)
    downloads(days_ago[1::2], asset=guide)

    assert told() == []


def test_a_group_limit_that_other_rules_use_up_is_found(publish, engagement):
    rule = publish(points=1, repeat="always")
    publish(points=10, source="form_submitted")
    terms.publish(engagement, {"cap_points": 10, "cap_period": "ever"})
    contact = ContactFactory()
    happen(contact, Kind.FORM_SUBMITTED, subject("form", "form"), ago(60))
    downloads([1] * 20, contact)

    assert told() == [
        (
            "hiding_cap",
            Severity.WARNING,
            "100 % of what “asset_downloaded +1” would have brought in the last 90 days was cut by a limit.",
            (engagement, rule),
        )
    ]
