"""Real people: 10 points per purchase, and whether they bought again."""

from collections import Counter
from random import Random
from statistics import fmean

import pytest

from scoring.backtests.reports import report
from scoring.backtests.sample import Sample
from scoring.backtests.separation import auc
from scoring.backtests.verdicts import Change, Worth, compare, judge
from tests.scoring import cdnow


@pytest.fixture(scope="module")
def customers():
    """Of each CDNOW customer: points on the day of the cut, with a half-life of 60 days, whether they bought later."""
    points, decayed, again = Counter(), Counter(), set()
    for customer, day in cdnow.purchases():
        if day <= cdnow.CUT:
            points[customer] += 10
            decayed[customer] += 10 * 2 ** (-(cdnow.CUT - day).days / 60)
        else:
            again.add(customer)
    return [(points[customer], decayed[customer], customer in again) for customer in points]


def test_cdnow_is_complete(customers):
    assert len(cdnow.purchases()) == 69_659
    assert (len(customers), sum(again for *_, again in customers)) == (23_570, 7_058)


def test_ten_points_per_purchase_tell_who_buys_again_and_a_half_life_tells_better(customers):
    plain = report([(points, again) for points, _, again in customers])
    decayed = report([(points, again) for _, points, again in customers])
    both = compare(customers)

    assert (plain.verdict.worth, round(plain.verdict.separation.auc, 3), round(plain.top.lift, 2)) == (
        Worth.GOOD,
        0.751,
        2.54,
    )
    assert (decayed.verdict.worth, round(decayed.verdict.separation.auc, 3), round(decayed.top.lift, 2)) == (
        Worth.GOOD,
        0.768,
        2.69,
    )
    assert (both.change, both.gain.first, both.gain.second) == (
        Change.BETTER,
        plain.verdict.separation.auc,
        decayed.verdict.separation.auc,
    )
    assert (round(both.gain.interval.low, 3), round(both.gain.interval.high, 3)) == (0.014, 0.020)


def test_with_shuffled_outcomes_the_same_points_are_no_better_than_chance(customers):
    again = [again for *_, again in customers]
    shuffles = [Random(seed).sample(again, len(again)) for seed in range(10)]
    for side in (0, 1):
        samples = [
            Sample.of((row[side], outcome) for row, outcome in zip(customers, shuffle, strict=True))
            for shuffle in shuffles
        ]
        assert round(fmean(auc(sample) for sample in samples), 2) == 0.50
        assert judge(samples[0]).worth == Worth.CHANCE
