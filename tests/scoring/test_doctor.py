"""The rule doctor on rules and groups: each fault is found exactly, and what is sound is left in peace."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import pipeline
from scoring import rules, terms
from scoring.doctor import Severity, examine
from scoring.doctor.chart import Chart
from scoring.doctor.reach import Extra, Reach, reaches
from scoring.models import PointEntry, PointGroup, Publication
from tests.factories import ContactFactory, TagFactory
from tests.scoring.conftest import download, happen, subject
from tracking.models import Kind, Subject

pytestmark = pytest.mark.django_db
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}
INFINITE = float("inf")


def ago(days):
    return timezone.now() - timedelta(days=days)


def downloads(days_ago, contact=None, asset=None):
    """One for each of these ages, scored."""
    contact = contact or ContactFactory()
    asset = asset or Subject.objects.filter(key="guide").first() or subject("guide")
    for days in days_ago:
        download(contact, asset, ago(days))
    pipeline.drain()
    return contact


def told():
    """(examination, severity, what, rows)"""
    return [(f.examination, f.severity, f.what, f.rows) for f in examine()]


# --- rules that nothing matches ---------------------------------------------------------------------------------------


def test_a_rule_that_nothing_matched_for_half_a_year_is_found(publish):
    rule = publish()
    downloads([181])

    assert told() == [
        ("silent_rule", Severity.WARNING, "“asset_downloaded +5” has matched nothing for 180 days.", (rule,))
    ]


def test_a_rule_that_somebody_matched_in_half_a_year_is_in_peace_even_where_it_paid_nothing(publish):
    publish()  # once per contact: the second download brings nothing, but matches
    downloads([300, 179])

    assert told() == []


def test_events_of_others_kinds_and_of_machines_do_not_count(publish):
    rule = publish(source="email_opened")
    mail = subject("letter", "email")
    contact = ContactFactory()
    happen(contact, Kind.EMAIL_SENT, mail, ago(3))
    pipeline.drain()

    assert [(what, rows) for _key, _severity, what, rows in told()] == [
        ("“email_opened +5” has matched nothing for 180 days.", (rule,))
    ]


def test_a_young_rule_is_given_time(publish):
    publish(since=ago(179))

    assert told() == []


def test_a_rule_published_for_the_past_too_is_as_young_as_that(publish, engagement):
    action = publish(since=ago(10))
    version = rules.draft(action, action, None)
    rules.put_into_force(action, version, ago(5), Publication.Scope.PAST)
    assert action.versions.get(pk=version.pk).valid_from < ago(5)

    assert told() == []


def test_other_points_do_not_make_a_rule_young_other_filters_do(publish):
    action = publish()
    action.points = 7
    action.save()
    rules.publish(action, since=ago(20))
    assert [key for key, *_rest in told()] == ["silent_rule"]

    action.params = {"only": [subject("guide").pk]}
    action.save()
    rules.publish(action, since=ago(10))
    assert told() == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"archived_at": timezone.now()}])
def test_a_rule_that_is_off_is_not_examined(publish, change):
    action = publish()
    for name, value in change.items():
        setattr(action, name, value)
    action.save()
    rules.publish(action)

    assert told() == []


def test_a_rule_whose_time_is_over_or_has_only_begun_is_not_examined(publish):
    publish(active_until=ago(1))
    publish(active_from=ago(100))

    assert told() == []


def test_a_profile_rule_that_is_true_of_nobody_is_found(publish):
    rule = publish(source="profile_matches", params={"conditions": FRENCH})
    ContactFactory(country="BE")
    pipeline.drain()

    assert told() == [
        ("silent_rule", Severity.WARNING, "“profile_matches +5” has been true of nobody for 180 days.", (rule,))
    ]


def test_a_profile_rule_that_was_true_of_somebody_lately_is_in_peace(publish):
    publish(source="profile_matches", params={"conditions": FRENCH})
    contact = ContactFactory(country="FR")
    pipeline.drain()
    assert told() == []

    contact.country = "BE"
    contact.save()
    pipeline.drain()
    assert told() == []


# --- limits that hide a rule ------------------------------------------------------------------------------------------


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


# --- how far a score can go -------------------------------------------------------------------------------------------


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


def test_what_the_doctor_asks_does_not_grow_with_the_rules(publish):
    guide = subject("guide")
    publish(expires_after_days=1)
    downloads([50, 3], asset=guide)
    with CaptureQueriesContext(connection) as few:
        assert len(examine()) == 1
    for _number in range(4):
        publish(expires_after_days=1)
    publish(source="form_submitted")
    downloads([50, 3], asset=guide)
    with CaptureQueriesContext(connection) as many:
        assert len(examine()) == 6  # one is silent, too

    assert len(many) <= len(few) + 2  # the wording of what is silent


def test_tags_are_not_needed_for_any_of_this(publish):
    TagFactory()
    assert told() == []
