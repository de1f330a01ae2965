"""Thresholds: what each passes, and which are suggested."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.backtests import wording
from scoring.backtests.rates import Rate
from scoring.backtests.sample import Sample
from scoring.backtests.thresholds import Reason, choices, passing, suggestions, table
from tests.scoring.backtests.samples import few_scores, outcomes, seen


def test_what_a_threshold_passes():
    found = passing(Sample.of([(10, False), (20, True), (30, False), (30, True), (50, True)]), Decimal(30))
    assert (found.leads, found.conversions) == (3, 2)
    assert (found.precision, found.recall, found.false_alarms) == (Rate(2, 3), Rate(2, 3), Rate(1, 2))
    assert (found.share, found.by_lot) == (Rate(3, 5), pytest.approx(1.8))
    assert found.youden == pytest.approx(2 / 3 - 1 / 2)


@given(outcomes, st.decimals(-60, 60, places=2))
def test_a_threshold_passes_those_with_at_least_that_score(pairs, threshold):
    leads = [converted for score, converted in seen(pairs) if score >= float(threshold)]
    found = passing(Sample.of(pairs), threshold)
    assert (found.leads, found.conversions) == (len(leads), sum(leads))


@given(st.lists(st.tuples(few_scores, st.booleans()), min_size=1, max_size=40))
def test_choices_are_all_there_are_each_at_its_roundest(pairs):
    found = choices(Sample.of(pairs))
    possible = {sum(score >= tenths / 10 for score, _ in pairs) for tenths in range(-30, 31)} - {0}
    assert [choice.passing.leads for choice in found] == sorted(possible, reverse=True)
    assert [choice.passing.threshold for choice in found] == sorted(choice.passing.threshold for choice in found)
    for choice in found:
        assert choice.passing.threshold * 100 % choice.step == 0
        assert passing(Sample.of(pairs), choice.passing.threshold) == choice.passing


def test_choices_are_numbers_people_remember():
    found = choices(Sample.of([(3.17, False), (12.5, True), (46.2, False), (61, True), (61.98, True), (940, True)]))
    assert [str(choice.passing.threshold) for choice in found] == ["0.00", "10.00", "40.00", "50.00", "61.50", "500.00"]


@given(outcomes, st.lists(st.decimals(-60, 60, places=2), max_size=3))
def test_the_table_shows_what_it_is_asked_for_and_thins_out_the_rest(pairs, also):
    rows = table(Sample.of(pairs), also)
    assert {row.threshold for row in rows} >= set(also)
    leads = [row.leads for row in table(Sample.of(pairs))]
    assert leads[:1] == [len(pairs)] * bool(pairs)
    assert all(3 * fewer <= 2 * more for more, fewer in pairwise(leads))


def test_the_table_begins_where_the_scores_do():
    scores = [-3.5, 2, 12, 46, 61, 940]
    found = table(Sample.of([(score, score > 12) for score in scores]))
    assert [str(row.threshold) for row in found] == ["-4", "50.00", "500.00"]


@given(st.lists(st.tuples(st.floats(-1e17, 1e17), st.booleans()), min_size=1, max_size=10))
def test_scores_that_have_no_hundredths_still_make_a_table(pairs):
    assert all(row.leads for row in table(Sample.of(pairs)))


@given(st.lists(st.tuples(few_scores, st.booleans()), max_size=40), st.integers(0, 50))
def test_suggestions_are_nearly_the_best_there_are(pairs, capacity):
    sample = Sample.of(pairs)
    assume(0 < sample.conversions < sample.contacts)
    every = [passing(sample, Decimal(tenths) / 10) for tenths in range(-30, 31)]
    found = {suggestion.reason: suggestion.passing for suggestion in suggestions(sample, capacity)}

    assert found[Reason.BALANCE].youden >= max(each.youden for each in every) - 0.01
    keeping = [each.leads for each in every if each.recall.value >= 0.9 and each.leads < len(pairs)]
    assert (Reason.KEEP in found) == bool(keeping)
    if keeping:
        assert found[Reason.KEEP].recall.value >= 0.9
        assert min(keeping) <= found[Reason.KEEP].leads <= min(keeping) + 0.01 * len(pairs)
    fitting = [each.leads for each in every if 0 < each.leads <= capacity]
    assert (Reason.OVER_CAPACITY in found) == (not fitting)
    if fitting:
        assert 0.9 * max(fitting) <= found[Reason.CAPACITY].leads <= capacity
    else:
        assert found[Reason.OVER_CAPACITY].leads == min(each.leads for each in every if each.leads)


def test_suggestions_on_an_example():
    # 100 contacts with scores 1 to 100; those from 61 on converted, but for every tenth, and so did number 20.
    pairs = [(score, score == 20 or (score > 60 and score % 10 != 0)) for score in range(1, 101)]
    found = {each.reason: each for each in suggestions(Sample.of(pairs), capacity=31)}
    assert {reason: each.passing.threshold for reason, each in found.items()} == {
        Reason.CAPACITY: 70,
        Reason.BALANCE: 61,
        Reason.KEEP: 63,
    }
    assert (found[Reason.CAPACITY].passing.leads, found[Reason.CAPACITY].capacity) == (31, 31)


def test_a_threshold_that_is_no_better_than_drawing_lots_is_called_that():
    pairs = [(90, False)] * 10 + [(50, True)] * 40 + [(10, False)] * 100
    of_team, balance, *_rest = suggestions(Sample.of(pairs), capacity=10)

    assert (of_team.reason, of_team.is_useless, wording.suggestion(of_team).title) == (
        Reason.CAPACITY,
        True,
        "No better than drawing lots",
    )
    assert (balance.reason, balance.is_useless) == (Reason.BALANCE, False)


def test_a_suggestion_is_round_where_that_costs_next_to_nothing():
    balance, _keep = suggestions(Sample.of((score, score > 603) for score in range(1001)))
    assert (balance.reason, balance.passing.threshold) == (Reason.BALANCE, 600)
