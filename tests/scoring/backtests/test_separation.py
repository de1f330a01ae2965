"""How well scores separate: AUC and gains against their definitions written out."""

from decimal import Decimal
from itertools import product
from random import Random
from statistics import fmean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.backtests.reports import report
from scoring.backtests.sample import Sample
from scoring.backtests.separation import auc, enough, gain, separation
from scoring.backtests.verdicts import Change, compare
from tests.scoring.backtests.samples import both_outcomes, drawn, few_scores, seen


def auc_by_definition(pairs):
    high = [score for score, converted in seen(pairs) if converted]
    low = [score for score, converted in seen(pairs) if not converted]
    return fmean((a > b) + (a == b) / 2 for a, b in product(high, low))


# The sample


def test_scores_that_differ_by_the_order_of_adding_are_one_score():
    assert Sample.of([(0.1 + 0.2 + 0.3, True), (0.3 + 0.2 + 0.1, False), (Decimal("0.60"), False)]) == Sample(
        scores=(0.6,), converted=(1,), others=(2,)
    )


@pytest.mark.parametrize("score", [float("nan"), float("inf"), Decimal("-Infinity")])
def test_what_is_no_number_is_no_score(score):
    with pytest.raises(ValueError, match="is no score"):
        Sample.of([(score, True)])


# AUC


def test_auc_counts_the_pairs_in_the_right_order_and_half_of_the_equal_ones():
    # 2 over 1, 2 equal to 2, 3 over 1, 3 over 2: 3½ of 4
    assert auc(Sample.of([(1, False), (2, True), (2, False), (3, True)])) == 0.875


@given(both_outcomes)
def test_auc_is_the_share_of_pairs_by_definition(pairs):
    assert auc(Sample.of(pairs)) == pytest.approx(auc_by_definition(pairs), abs=1e-12)


@given(both_outcomes)
def test_separation_is_measured_around_the_auc_of_the_ranks(pairs):
    measured = separation(Sample.of(pairs), resamples=50)
    assert measured.auc == auc(Sample.of(pairs))
    assert 0 <= measured.interval.low <= measured.interval.high <= 1


def test_auc_is_not_made_up_where_one_side_is_missing():
    for pairs in ([], [(1, True)], [(1, False), (2, False)]):
        with pytest.raises(ValueError, match="contacts who converted and contacts who did not"):
            auc(Sample.of(pairs))


def test_the_interval_holds_the_true_value_19_times_in_20():
    true = 0.7101  # of normal scores, 7.83 tenths of a standard deviation apart: Φ(0.783 / √2)
    held = [true in separation(Sample.of(drawn(seed, shift=0.783)), resamples=400).interval for seed in range(200)]
    assert 178 <= sum(held) <= 198  # 188 to 190, and three standard deviations of chance


def test_the_interval_is_the_same_each_time_and_whatever_order_contacts_come_in():
    pairs = drawn(1, shift=0.5)
    mixed = Random(2).sample(pairs, len(pairs))
    assert report(pairs) == report(mixed) == report(pairs)
    assert separation(Sample.of(pairs), seed=1) != separation(Sample.of(pairs), seed=2)


def test_more_contacts_are_drawn_less_often():
    assert [enough(contacts) for contacts in (0, 40, 100_000, 400_000, 10_000_000)] == [2000, 2000, 2000, 500, 200]


# Two score sets on the same contacts


@given(st.lists(st.tuples(few_scores, few_scores, st.booleans()), max_size=30))
def test_a_gain_is_the_difference_of_both_aucs(rows):
    assume(len({converted for *_, converted in rows}) == 2)
    measured = gain(rows, resamples=20)
    assert measured.first == pytest.approx(auc_by_definition([(first, outcome) for first, _, outcome in rows]))
    assert measured.second == pytest.approx(auc_by_definition([(second, outcome) for _, second, outcome in rows]))
    assert measured.value == measured.second - measured.first
    assert gain(reversed(rows), resamples=20) == measured


def test_drawing_both_scores_of_a_contact_together_finds_differences_that_apart_would_be_lost():
    random = Random(3)
    rows = [(score, score + random.gauss(3 * outcome), outcome) for score, outcome in drawn(3, shift=0.5)]
    before, after = (separation(Sample.of((row[side], row[2]) for row in rows)).interval for side in (0, 1))
    assert before.high > after.low
    assert compare(rows).change == Change.BETTER


def test_the_gain_of_noise_is_no_difference():
    random = Random(4)
    unclear = [
        compare([(score, score + random.gauss(0, 3), outcome) for score, outcome in drawn(seed)]).change
        for seed in range(20)
    ].count(Change.NO_DIFFERENCE)
    assert unclear >= 17
