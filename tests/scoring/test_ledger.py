import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection, transaction

from contacts.models import Contact
from scoring import ledger, rules, scores, sql
from scoring.models import Adjustment, PointEntry, PointGroup, Repeat
from tests.scoring.conftest import download, lines, score, score_waiting, subject

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ada(db):
    return Contact.objects.create(email="ada@example.com")


def test_award_pays_once_when_the_same_hit_arrives_twice(ada, publish):
    publish(5)
    guide = subject("guide")
    key = download(ada, guide, MONDAY)
    score_waiting()
    download(ada, guide, MONDAY, key=key)
    score_waiting()

    assert lines(ada) == [("asset_downloaded +5", 1, 0, "0001-01-01", 1, 1)]
    assert score(ada) == Decimal(5)


def test_once_per_contact_counts_further_hits_but_credits_the_first(ada, publish):
    publish(5, repeat=Repeat.ONCE)
    for name in ("guide", "price list"):
        download(ada, subject(name), MONDAY)
    score_waiting()

    assert lines(ada) == [("asset_downloaded +5", 1, 0, "0001-01-01", 2, 1)]


def test_once_per_object_pays_each_object_once(ada, publish):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    guide, prices = subject("guide"), subject("price list")
    for asset in (guide, guide, prices):
        download(ada, asset, MONDAY)
    score_waiting()

    assert lines(ada) == [
        ("asset_downloaded +5", 1, guide.pk, "0001-01-01", 2, 1),
        ("asset_downloaded +5", 1, prices.pk, "0001-01-01", 1, 1),
    ]
    assert score(ada) == Decimal(10)


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        (Repeat.DAILY, [("2026-03-02", 2, 1), ("2026-03-09", 1, 1), ("2026-04-01", 1, 1)]),
        (Repeat.WEEKLY, [("2026-03-02", 2, 1), ("2026-03-09", 1, 1), ("2026-03-30", 1, 1)]),
        (Repeat.MONTHLY, [("2026-03-01", 3, 1), ("2026-04-01", 1, 1)]),
        (Repeat.ALWAYS, [("2026-03-02", 2, 2), ("2026-03-09", 1, 1), ("2026-04-01", 1, 1)]),
    ],
)
def test_periods_are_days_weeks_and_months_of_the_instance(ada, publish, repeat, expected):
    publish(5, repeat=repeat)
    guide = subject("guide")
    # 31 March 23:30 UTC is 1 April in Paris.
    for at in (MONDAY, MONDAY, MONDAY.replace(day=9), datetime(2026, 3, 31, 23, 30, tzinfo=UTC)):
        download(ada, guide, at)
    score_waiting()

    assert [line[3:] for line in lines(ada)] == expected
    assert score(ada) == 5 * sum(credited for _, _, credited in expected)


@pytest.mark.parametrize(
    ("repeat", "first", "later"),
    [
        (Repeat.ONCE, "2025-01-01 12:00", "2026-03-02 12:00"),
        (Repeat.DAILY, "2026-03-31 22:30", "2026-04-01 21:30"),  # both 1 April in Paris
        (Repeat.WEEKLY, "2026-03-30 12:00", "2026-04-05 12:00"),
        (Repeat.MONTHLY, "2026-04-30 22:30", "2026-05-31 21:30"),  # the first and last hour of May
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_a_hit_of_another_batch_finds_the_line_of_its_period(ada, publish, repeat, first, later, is_late):
    publish(5, repeat=repeat)
    guide = subject("guide")
    for at in (later, first) if is_late else (first, later):
        download(ada, guide, datetime.fromisoformat(f"{at}+00:00"))
        score_waiting()

    assert [line[4:] for line in lines(ada)] == [(2, 1)]
    assert score(ada) == Decimal(5)


def test_points_may_be_taken_away(ada, publish):
    publish(-7)
    download(ada, subject("guide"), MONDAY)
    score_waiting()

    assert score(ada) == Decimal(-7)


def test_events_before_the_rule_or_outside_its_window_earn_nothing(ada, publish):
    publish(5, since=MONDAY)
    publish(3, active_from=MONDAY.replace(day=10), active_until=MONDAY.replace(day=20))
    guide = subject("guide")
    download(ada, guide, MONDAY.replace(day=1))
    score_waiting()

    assert lines(ada) == []
    assert score(ada) == Decimal(0)


def test_a_new_version_does_not_pay_again_what_was_paid_once(ada, publish):
    action = publish(5)
    guide = subject("guide")
    download(ada, guide, MONDAY)
    score_waiting()
    action.points = 50
    action.save()
    rules.publish(action, since=MONDAY.replace(day=10))
    download(ada, guide, MONDAY.replace(day=11))
    score_waiting()

    assert [(version, hits, credited) for _, version, _, _, hits, credited in lines(ada)] == [(1, 1, 1), (2, 1, 0)]
    assert score(ada) == Decimal(5)


def test_a_late_event_takes_the_credit_from_the_newer_version(ada, publish):
    action = publish(5)
    guide = subject("guide")
    action.points = 50
    action.save()
    rules.publish(action, since=MONDAY.replace(day=10))
    download(ada, guide, MONDAY.replace(day=11))
    score_waiting()
    assert score(ada) == Decimal(50)

    download(ada, guide, MONDAY)
    score_waiting()

    assert [(version, hits, credited) for _, version, _, _, hits, credited in lines(ada)] == [(1, 1, 1), (2, 1, 0)]
    assert score(ada) == Decimal(5)


def test_a_late_event_takes_the_credit_also_from_a_version_whose_group_has_a_cap(ada, publish, fit):
    PointGroup.objects.filter(pk=fit.pk).update(cap_points=5, cap_period="week")
    action, guide = publish(7), subject("guide")
    action.group, action.points = fit, 9
    action.save()
    rules.publish(action, since=MONDAY)
    download(ada, guide, MONDAY + timedelta(hours=1))
    score_waiting()
    download(ada, guide, MONDAY - timedelta(hours=1))
    score_waiting()

    assert [line[4:] for line in lines(ada)] == [(1, 1), (1, 0)]
    assert (score(ada, action.group), score(ada)) == (Decimal(0), Decimal(7))


def test_where_a_cap_leaves_a_choice_what_began_first_counts_however_long_it_goes_on(ada, publish):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=1, cap_period="ever")
    guide, prices = subject("guide"), subject("price list")
    for asset, days in ((guide, 0), (prices, 1), (guide, 2)):
        download(ada, asset, MONDAY + timedelta(days=days))
        score_waiting()

    assert [(about, hits, credited) for _, _, about, _, hits, credited in lines(ada)] == [
        (guide.pk, 2, 1),
        (prices.pk, 1, 0),
    ]


def test_saving_a_rule_without_change_makes_no_version(ada, publish):
    action = publish(5)

    assert rules.publish(action) is None
    assert action.versions.count() == 1


def test_an_archived_rule_pays_no_more_and_keeps_what_it_paid(ada, publish):
    action = publish(5, repeat=Repeat.ALWAYS)
    guide = subject("guide")
    download(ada, guide, MONDAY)
    score_waiting()
    rules.archive(action)
    download(ada, guide)
    score_waiting()

    assert score(ada) == Decimal(5)
    assert PointEntry.objects.count() == 1


def test_a_subject_that_appears_later_is_resolved_when_it_does(ada, publish):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    download(ada, subject("guide"), MONDAY)
    score_waiting()
    download(ada, subject("price list"), MONDAY)
    score_waiting()

    assert score(ada) == Decimal(10)


def test_the_overall_score_weighs_the_groups(ada, publish, fit):
    publish(5)
    publish(3, group=fit)
    download(ada, subject("guide"), MONDAY)
    score_waiting()

    assert score(ada) == Decimal(11)
    assert score(ada, fit) == Decimal(3)


def test_two_rules_for_one_event_each_have_their_line(ada, publish):
    publish(5)
    publish(6)
    download(ada, subject("guide"), MONDAY)
    movements = score_waiting()

    assert [line[0] for line in lines(ada)] == ["asset_downloaded +5", "asset_downloaded +6"]
    assert {(m.group_id is None, m.before, m.after) for m in movements} == {(True, 0, 11), (False, 0, 11)}


def test_an_adjustment_of_zero_is_refused_by_the_database(ada, engagement):
    with pytest.raises(Exception, match="adjustment_is_not_zero"):
        Adjustment.objects.create(contact=ada, group=engagement, points=0, note="nothing")


def test_nothing_differs_from_the_ledger(ada, publish, fit):
    publish(5, group=fit)
    download(ada, subject("guide"), MONDAY)
    score_waiting()

    assert sql.differences() == []


# --- caps that were changed: what earlier versions paid counts --------------------------------------------------------


def edit(action, at, **changes):
    for name, value in changes.items():
        setattr(action, name, value)
    action.save()
    rules.publish(action, since=at)


WEEK = {"cap_period": "week"}


@pytest.mark.parametrize(
    ("case", "before", "after", "credited"),
    [
        ("times, then points", WEEK | {"cap_amount": 3}, WEEK | {"cap_amount": 30, "cap_unit": "points"}, [2, 1]),
        (
            "points, then times",
            WEEK | {"cap_amount": 20, "cap_unit": "points"},
            WEEK | {"cap_amount": 3, "cap_unit": "times"},
            [2, 1],
        ),
        ("a day, then a week", {"cap_amount": 2, "cap_period": "day"}, WEEK | {"cap_amount": 3}, [2, 1]),
        ("none, then a week", {}, WEEK | {"cap_amount": 3}, [2, 1]),
        (
            "each, then all",
            WEEK | {"cap_amount": 9, "cap_per_object": True},
            WEEK | {"cap_amount": 3, "cap_per_object": False},
            [2, 1],
        ),
        ("a week, then none", WEEK | {"cap_amount": 1}, {"cap_amount": None}, [1, 2]),
        (
            "points a day and object",
            {"cap_amount": 20, "cap_unit": "points", "cap_period": "day", "cap_per_object": True},
            {"points": 3, "cap_amount": 24},
            [2, 1],  # 2 × 10, and 3 fits once into the rest
        ),
    ],
)
def test_a_cap_that_was_changed_counts_what_the_action_paid_before(ada, publish, case, before, after, credited):
    action = publish(10, repeat=Repeat.ALWAYS, **before)
    asset = subject("guide")
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    for minutes in (0, 1, 60, 61):
        download(ada, asset, noon + timedelta(minutes=minutes))
    edit(action, noon + timedelta(minutes=30), **after)
    score_waiting()

    assert [line[5] for line in lines(ada)] == credited
    assert ledger.replay(scores.lock([ada.pk])) == []


@pytest.mark.parametrize(
    "expected", [True, False], ids=["lines of which nothing is known", "lines that are not expected"]
)
def test_lines_that_share_a_limit_across_a_change_of_policy_are_looked_at_once_not_once_for_each_other(
    ada, publish, expected
):
    if not expected:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE scoring_pointentry")
    guide, days = subject("guide"), 200
    action = publish(5, repeat=Repeat.DAILY, cap_amount=3, cap_period="week")
    for number in range(days):
        download(ada, guide, MONDAY + timedelta(days=number))
    score_waiting()
    action.repeat = Repeat.WEEKLY
    action.save()
    rules.publish(action, since=MONDAY + timedelta(days=days // 2))

    looked_at = {}
    with transaction.atomic(), connection.execute_wrapper(partial(rows_looked_at, looked_at)):
        ledger.replay(scores.lock([ada.pk]), [action.pk])
    assert len(looked_at) == 2  # the replay, and sharing out the caps
    assert max(looked_at.values()) < days * 60  # nowhere near days * days


def rows_looked_at(found, execute, statement, params, many, context):
    """Notes how many rows all the steps of a statement over lines come to, which is done twice: first to look at it."""
    if statement.lstrip().startswith("WITH rules"):
        with transaction.atomic():
            execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", params, many, context)
            ((plan,),) = context["cursor"].fetchall()
            transaction.set_rollback(True)
        found[statement] = rows_in((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return execute(statement, params, many, context)


def rows_in(step):
    here = sum(step.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"))
    return here * step["Actual Loops"] + sum(map(rows_in, step.get("Plans", ())))
