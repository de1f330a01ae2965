"""Rules whose removal changes nobody, and facts that fade."""

import pytest

from config import pipeline
from scoring import rules, terms
from scoring.doctor import Severity
from scoring.models import PointEntry, PointGroup
from tests.factories import ContactFactory
from tests.scoring.conftest import subject
from tests.scoring.doctor.finding import FRENCH, ago, downloads, told

pytestmark = pytest.mark.django_db


# --- rules whose removal changes nobody -------------------------------------------------------------------------------


def test_a_rule_whose_points_have_all_expired_changes_nobody(publish):
    rule = publish(expires_after_days=10)
    downloads([50])

    assert told() == [
        ("idle_rule", Severity.NOTE, "Without “asset_downloaded +5”, every score would be the same today.", (rule,))
    ]


def test_one_line_that_is_worth_something_is_enough(publish):
    publish(expires_after_days=10)
    guide = subject("guide")
    downloads([50], asset=guide)
    downloads([5], asset=guide)

    assert told() == []


def test_a_rule_of_which_everybody_is_beyond_the_ceiling_anyway_changes_nobody(publish, engagement):
    weak = publish(points=2)
    strong = publish(points=50, repeat="always")
    terms.publish(engagement, {"ceiling": 40})
    guide = subject("guide")
    first = downloads([5], asset=guide)
    assert [rows for *_rest, rows in told()] == [(weak,)]

    terms.publish(engagement, {"ceiling": 51})  # 52 with it, 50 without
    pipeline.drain()
    assert told() == []

    terms.publish(engagement, {"ceiling": 40})
    other = ContactFactory()
    pipeline.drain()
    rules.archive(strong)
    downloads([0], other, guide)  # 2 points: within the bounds
    assert told() == []
    assert PointEntry.objects.filter(contact=first).count() == 2


def test_beyond_the_ceiling_fading_is_reckoned_with(publish, engagement):
    weak = publish(points=2)
    publish(points=50, repeat="always")
    terms.publish(engagement, {"ceiling": 40, "half_life_days": 30})
    contact = downloads([5])
    assert [rows for *_rest, rows in told()] == [(weak,)]

    downloads([], contact)
    terms.publish(engagement, {"half_life_days": 10})  # 52 × 2^-0.5 = 36.8
    pipeline.drain()
    assert told() == []


def test_a_floor_hides_what_takes_points_away(publish, engagement):
    rule = publish(points=-5)
    terms.publish(engagement, {"floor": 0})
    downloads([3])

    assert [(key, rows) for key, _severity, _what, rows in told()] == [("idle_rule", (rule,))]


def test_a_younger_rule_whose_points_have_expired_is_given_time(publish):
    publish(since=ago(179), expires_after_days=10)
    downloads([20])

    assert told() == []


# --- facts that fade --------------------------------------------------------------------------------------------------


def test_a_profile_rule_where_points_fade_is_noted(publish, engagement):
    rule = publish(source="profile_matches", params={"conditions": FRENCH})
    terms.publish(engagement, {"half_life_days": 30})
    ContactFactory(country="FR")
    pipeline.drain()

    assert told() == [
        (
            "fading_profile",
            Severity.NOTE,
            "“profile_matches +5” fades although it is still true.",
            (rule, PointGroup.objects.get()),
        )
    ]
