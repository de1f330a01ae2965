"""Rates, bands and the top: against examples done by hand."""

from itertools import combinations, pairwise
from statistics import fmean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.backtests import chart
from scoring.backtests.bands import Band, bands, top
from scoring.backtests.rates import Rate
from scoring.backtests.sample import Sample
from tests.scoring.backtests.samples import both_outcomes, outcomes, seen


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [(Rate(5, 10), 0.2366, 0.7634), (Rate(0, 10), 0, 0.2775), (Rate(10, 10), 0.7225, 1), (Rate(0, 0), 0, 1)],
)
def test_wilsons_interval(rate, low, high):
    assert (round(rate.interval.low, 4), round(rate.interval.high, 4)) == (low, high)
    assert rate.value in rate.interval


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_rate_lies_in_its_interval(one, other):
    rate = Rate(min(one, other), max(one, other))
    assert 0 <= rate.interval.low <= rate.value <= rate.interval.high <= 1


def test_bands_of_different_scores_are_equally_large():
    found = bands(Sample.of((score, score > 85) for score in range(100)))
    assert [(band.lowest, band.highest, band.rate) for band in found[:3]] == [
        (90, 99, Rate(10, 10)),
        (80, 89, Rate(4, 10)),
        (70, 79, Rate(0, 10)),
    ]
    assert [band.rate.total for band in found] == [10] * 10


def test_a_score_that_many_have_is_one_band():
    found = bands(Sample.of([(0, False)] * 60 + [(score, True) for score in range(1, 41)]), wanted=5)
    assert [(band.lowest, band.highest, band.rate) for band in found] == [
        (21, 40, Rate(20, 20)),
        (1, 20, Rate(20, 20)),
        (0, 0, Rate(0, 60)),
    ]


def test_a_score_belongs_to_the_band_its_middle_falls_into():
    # Of 100 contacts, 14 have score 1 (up to 14), 4 have 2 (14 to 18, the middle is 16), 10 have 3 (18 to 28: 23).
    pairs = [(1, False)] * 14 + [(2, False)] * 4 + [(3, False)] * 10 + [(4, True)] * 72
    assert [(band.lowest, band.rate.total) for band in bands(Sample.of(pairs))] == [(4, 72), (3, 10), (2, 4), (1, 14)]


@given(outcomes, st.integers(1, 12))
def test_bands_hold_every_contact_once_and_keep_equal_scores_together(pairs, wanted):
    found = bands(Sample.of(pairs), wanted)
    assert len(found) <= wanted
    assert all(upper.lowest > lower.highest for upper, lower in pairwise(found))
    for band in found:
        inside = [converted for score, converted in seen(pairs) if band.lowest <= score <= band.highest]
        assert band.rate == Rate(sum(inside), len(inside))
    assert sum(band.rate.total for band in found) == len(pairs)


def test_lift_in_the_top_by_hand():
    # 20 contacts, 5 converted. The top 10 % are 2: the one with 9, who converted, and one of four with 8, half of whom did.
    pairs = [(9, True), *[(8, True), (8, False)] * 2, *[(1, False)] * 13, *[(0, True)] * 2]
    found = top(Sample.of(pairs))
    assert (found.rate, found.base) == (Rate(1.5, 2), Rate(5, 20))
    assert (found.border, found.tied, found.inside) == (8, 4, 1)
    assert found.lift == 3
    assert found.lift in found.interval


@given(both_outcomes, st.integers(1, 100))
def test_the_top_counts_what_drawing_lots_at_its_border_gives_on_average(pairs, percent):
    found = top(Sample.of(pairs), percent)
    above = [converted for score, converted in seen(pairs) if score > found.border]
    tied = [converted for score, converted in seen(pairs) if score == found.border]
    assume(len(tied) < 12)
    assert found.rate.total == len(above) + found.inside == -(-len(pairs) * percent // 100)
    lots = [sum(above) + sum(lot) for lot in combinations(tied, found.inside)]
    assert found.rate.count == pytest.approx(fmean(lots))


@pytest.mark.parametrize(
    ("lowest", "highest", "said"), [(-27.5, -0.5, "−27.5 to −0.5"), (0, 5, "0–5"), (3, 3, "3"), (-9, 2, "−9 to 2")]
)
def test_a_band_is_told_so_that_a_minus_is_no_dash(lowest, highest, said):
    assert chart.scores(Band(lowest, highest, Rate(1, 2))) == said
