"""The oracle itself, against what a person works out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from tests.scoring import oracle
from tests.scoring.oracle import Cap, Group, Version

MONDAY = datetime(2040, 1, 30, 11, tzinfo=UTC)  # noon in Paris; Wednesday is in February
SINCE = MONDAY - timedelta(days=99)


def version(number=1, points=10, repeat="always", since=SINCE, **said):
    return Version("rule", number, points, repeat, 10, frozenset(), since, group="g", **said)


def credited(happened, *versions, groups=()):
    """[(version, credited, cut)] of events (day from Monday, subject), in order."""
    keys = count()
    events = [(next(keys), "ada", 10, about, MONDAY + timedelta(days=day)) for day, about in happened]
    made = oracle.lines(events, versions, groups)
    return [(line.version.number, line.credited, line.cut) for line in sorted(made, key=lambda line: line.first)]


@pytest.mark.parametrize(
    ("repeat", "lines"),
    [("once", 1), ("object", 2), ("day", 3), ("week", 2), ("month", 2), ("always", 4)],
)
def test_each_policy_has_its_occurrences(repeat, lines):
    # Two on Monday about two things, one on Wednesday (the next month), one on the next Monday.
    assert len(credited([(0, 1), (0, 2), (2, 1), (7, 1)], version(repeat=repeat))) == lines


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        (Cap(3, "times", "day", each=True), [3, 1, 1]),
        (Cap(3, "times", "day", each=False), [3, 0, 1]),
        (Cap(5, "times", "week", each=False), [4, 1, 0]),
        (Cap(49, "points", "week", each=False), [4, 0, 0]),
        (Cap(5, "times", "month", each=False), [4, 1, 1]),
        (Cap(45, "points", "ever", each=True), [4, 1, 0]),
    ],
)
def test_a_cap_goes_to_the_earliest_lines(cap, expected):
    # On Monday four times about one thing and once about another; on Wednesday, in February, about the first.
    happened = [(0, 1)] * 4 + [(0, 2), (2, 1)]
    assert [line[1] for line in credited(happened, version(cap=cap))] == expected


def test_a_later_version_pays_what_the_earlier_one_left():
    tuesday = MONDAY + timedelta(days=1)
    first = version(repeat="week", until=tuesday)

    assert credited([(0, 1), (2, 1)], first, version(2, repeat="week", since=tuesday)) == [(1, 1, 0), (2, 0, 0)]
    assert credited([(0, 1), (2, 1)], first, version(2, repeat="day", since=tuesday)) == [(1, 1, 0), (2, 1, 0)]
    assert credited([(0, 1), (2, 1)], first, version(2, repeat="month", since=tuesday)) == [(1, 1, 0), (2, 1, 0)]
    assert credited([(-1, 1), (2, 1)], first, version(2, repeat="once", since=tuesday)) == [(1, 1, 0), (2, 0, 0)]


def test_a_group_cuts_what_goes_beyond_its_cap_from_the_latest():
    happened = [(0, 1), (1, 1), (2, 1)]

    assert credited(happened, version(), groups=[Group("g", cap=15, per="ever")]) == [(1, 1, 0), (1, 1, 5), (1, 1, 10)]
    assert credited(happened, version(), groups=[Group("g", cap=15, per="month")]) == [(1, 1, 0), (1, 1, 5), (1, 1, 0)]
    assert credited(happened, version(points=-10), groups=[Group("g", cap=1)]) == [(1, 1, 0)] * 3


def test_points_expire_on_their_day():
    (line,) = oracle.lines([(1, "ada", 10, 1, MONDAY)], [version(expires=2)])

    assert line.expires_on == date(2040, 2, 1)
    assert [line.points(date(2040, 1, 31)), line.points(date(2040, 2, 1))] == [10, 0]


def test_scores_halve_are_bounded_and_weighed():
    day = date(2040, 1, 1)
    groups = [Group("a", Decimal("0.5"), half_life=2), Group("b", ceiling=7), Group("c", floor=-3)]
    given = [("ada", "a", day, 10), ("ada", "b", day, 9), ("ada", "c", day, -9), ("bob", "a", day, 1)]

    assert oracle.scores(given, groups, day + timedelta(days=4)) == {
        ("ada", "a"): Decimal("2.50"),
        ("ada", "b"): 7,
        ("ada", "c"): -3,
        ("ada", None): Decimal("5.25"),
        ("bob", "a"): Decimal("0.25"),
        ("bob", None): Decimal("0.13"),  # half a cent is a cent
    }
    assert oracle.scores(given[:3], groups, day, floor=0, ceiling=8)["ada", None] == 8


def test_what_no_rule_counts_and_who_has_no_name_earn_nothing():
    events = [(1, None, 10, 1, MONDAY), (2, "ada", 11, 1, MONDAY)]
    assert oracle.lines(events, [version()]) == []


def test_a_key_counts_once():
    same = [(1, "ada", 10, 1, MONDAY)] * 3
    assert oracle.ledger(same, [version()]) == {("ada", "rule", 1, 1, MONDAY.date()): (1, 1)}
