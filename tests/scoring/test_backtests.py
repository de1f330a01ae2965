"""What a back-test says of scores: against definitions written out, examples done by hand, and real purchases."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, pairwise, product
from random import Random
from statistics import fmean

import pytest
from django.utils.translation import override
from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.backtests import chart, wording
from scoring.backtests.bands import Band, bands, top
from scoring.backtests.rates import Interval, Rate
from scoring.backtests.reports import report
from scoring.backtests.sample import Sample
from scoring.backtests.separation import auc, enough, gain, separation
from scoring.backtests.thresholds import Reason, choices, passing, suggestions, table
from scoring.backtests.verdicts import Change, Worth, compare, judge
from tests.scoring import cdnow

few_scores = st.integers(-30, 30).map(lambda tenths: tenths / 10)
scores = st.one_of(few_scores, st.decimals(-50, 50, places=2), st.floats(-1e6, 1e6))
outcomes = st.lists(st.tuples(scores, st.booleans()), max_size=40)
both_outcomes = outcomes.filter(lambda pairs: len({converted for _, converted in pairs}) == 2)


def seen(pairs):
    """The scores as anybody would compare them: to the billionth of a point."""
    return [(round(float(score), 9), converted) for score, converted in pairs]


def auc_by_definition(pairs):
    high = [score for score, converted in seen(pairs) if converted]
    low = [score for score, converted in seen(pairs) if not converted]
    return fmean((a > b) + (a == b) / 2 for a, b in product(high, low))


def drawn(seed, converted=100, others=100, shift=0.0):
    """Whole normal scores; those who converted have `shift` standard deviations more."""
    random = Random(seed)
    return [
        (round(10 * random.gauss(shift if outcome else 0)), outcome)
        for outcome in [True] * converted + [False] * others
    ]


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


def test_a_draft_is_told_better_worse_or_the_same():
    good = [(score, outcome) for score, outcome in drawn(5, shift=1)]
    assert compare([(score, 2 * score + 1, outcome) for score, outcome in good]).change == Change.SAME_ORDER
    assert compare([(0, score, outcome) for score, outcome in good]).change == Change.BETTER
    assert compare([(score, 0, outcome) for score, outcome in good]).change == Change.WORSE


def test_a_comparison_refuses_too_few_outcomes():
    few = compare([(1, 2, True)] * 19 + [(1, 1, False)] * 100)
    assert (few.change, few.base, few.gain) == (Change.TOO_FEW_CONVERSIONS, Rate(19, 119), None)
    assert compare([(1, 2, True)] * 100 + [(1, 1, False)] * 19).change == Change.TOO_FEW_OTHERS


# The verdict


@pytest.mark.parametrize(
    ("pairs", "worth"),
    [
        ([], Worth.TOO_FEW_CONVERSIONS),
        ([(9, True)] * 19 + [(1, False)] * 1000, Worth.TOO_FEW_CONVERSIONS),
        ([(9, True)] * 1000 + [(1, False)] * 19, Worth.TOO_FEW_OTHERS),
        ([(9, True)] * 20 + [(1, False)] * 20, Worth.TOO_GOOD),
        ([(9, False)] * 20 + [(1, True)] * 20, Worth.WRONG_WAY),
        ([(5, False)] * 50 + [(5, True)] * 50, Worth.ALL_EQUAL),
        ([(9, True), (1, False), (1, True), (9, False)] * 25, Worth.CHANCE),
        (drawn(6, 500, 500, shift=0.2), Worth.LITTLE),  # Φ(shift / √2): 0.56
        (drawn(6, 500, 500, shift=0.5), Worth.FAIR),  # 0.64
        (drawn(6, 500, 500, shift=1.0), Worth.GOOD),  # 0.76
        (drawn(6, 500, 500, shift=1.8), Worth.VERY_GOOD),  # 0.90
    ],
)
def test_verdict(pairs, worth):
    assert judge(Sample.of(pairs)).worth == worth


def test_shuffled_outcomes_are_called_chance_19_times_in_20():
    pairs = drawn(7, shift=1)
    assert judge(Sample.of(pairs)).worth == Worth.GOOD
    called = Counter()
    for seed in range(40):
        outcome = Random(seed).sample([outcome for _, outcome in pairs], len(pairs))
        called[judge(Sample.of(zip([score for score, _ in pairs], outcome, strict=True))).worth] += 1
    assert called[Worth.CHANCE] >= 34
    assert called.keys() <= {Worth.CHANCE, Worth.LITTLE, Worth.FAIR, Worth.WRONG_WAY}


# Rates, bands and the top


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


# Thresholds


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


# The report


def test_a_report_concludes_nothing_from_too_few_outcomes_but_shows_the_counts():
    few = report([(9, True)] * 5 + [(1, False)] * 95, capacity=10, thresholds=[Decimal(5)])
    assert (few.verdict.worth, few.verdict.separation, few.top, few.suggestions) == (
        Worth.TOO_FEW_CONVERSIONS,
        None,
        None,
        [],
    )
    assert [band.rate for band in few.bands] == [Rate(5, 5), Rate(0, 95)]
    assert [(row.threshold, row.leads) for row in few.thresholds] == [(1, 100), (5, 5)]


def test_a_score_that_tells_nothing_suggests_no_threshold():
    assert report([(9, True), (1, False), (1, True), (9, False)] * 25).suggestions == []


def test_a_report_on_nobody():
    empty = report([])
    assert (empty.verdict.worth, empty.bands, empty.thresholds) == (Worth.TOO_FEW_CONVERSIONS, (), [])


# In words


def test_a_verdict_in_words():
    given = judge(Sample.of([(9, True)] * 30 + [(9, False)] * 10 + [(1, True)] * 10 + [(1, False)] * 30))
    given = replace(given, separation=replace(given.separation, interval=Interval(0.65, 0.8449)))
    with override("en"):
        words = wording.verdict(given)
    assert (words.title, words.text) == (
        "Good",
        "The score separates well those who will convert from the others. Of one who converted and one who did not, the"
        " first had the higher score in 75 of 100 cases (AUC 0.750, between 0.650 and 0.845 with 95% confidence;"
        " 0.5 is chance).",
    )


@pytest.mark.parametrize(
    ("pairs", "title", "start"),
    [
        ([(9, True)] + [(1, False)] * 30, "Too early to tell", "1 contact converted; at least 20 are needed."),
        (
            [(9, True)] * 30 + [(1, False)] * 2,
            "Too early to tell",
            "2 contacts did not convert; at least 20 are needed.",
        ),
        ([(1, True)] * 30 + [(1, False)] * 30, "No better than chance", "All contacts have the same score,"),
        ([(1, True)] * 30 + [(9, False)] * 30, "Worse than chance", "Your points point the wrong way:"),
        ([(9, True), (1, False), (1, True), (9, False)] * 25, "No better than chance", "Choosing leads by this score"),
    ],
)
def test_a_verdict_that_is_bad_news_says_so(pairs, title, start):
    with override("en"):
        words = wording.verdict(judge(Sample.of(pairs)))
    assert words.title == title
    assert words.text.startswith(start)


def test_every_verdict_comparison_and_reason_has_words_of_its_own():
    measured = judge(Sample.of(drawn(8, shift=1)))
    compared = compare([(score, score, outcome) for score, outcome in drawn(8, shift=1)])
    few = {"too_few_conversions", "too_few_others"}
    with override("en"):
        texts = [wording.verdict(replace(measured, worth=worth)).text for worth in Worth if worth not in few]
        texts += [wording.comparison(replace(compared, change=change)).text for change in Change if change not in few]
        reasons = suggestions(Sample.of(drawn(8, shift=1)), 20)
        texts += [wording.suggestion(replace(reasons[0], reason=reason)).text for reason in Reason]
    assert len(set(texts)) == len(texts)
    assert not [text for text in texts if "%(" in text or "%%" in text]


def test_a_lift_and_a_suggestion_in_words():
    sample = Sample.of([(9, True)] * 8 + [(8, False)] * 2 + [(1, True)] * 12 + [(0, False)] * 78)
    with override("en"):
        lift = wording.lift(top(sample))
        words = wording.suggestion(suggestions(sample, 10)[0])
    assert lift == (
        "Of the 10% of contacts with the highest scores, 80.0% converted; of all contacts, 20.0%: 4.00 times as often"
        " (between 2.45 and 4.72 times, with 95% confidence)."
    )
    assert words.text == (
        "It passes as many leads as you can take, which is 10, or nearly. 10 leads would have passed, and 8 of them"
        " converted; as many drawn by lot: about 2."
    )


# Real people: 10 points per purchase, and whether they bought again


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


@pytest.mark.parametrize(
    ("lowest", "highest", "said"), [(-27.5, -0.5, "−27.5 to −0.5"), (0, 5, "0–5"), (3, 3, "3"), (-9, 2, "−9 to 2")]
)
def test_a_band_is_told_so_that_a_minus_is_no_dash(lowest, highest, said):
    assert chart.scores(Band(lowest, highest, Rate(1, 2))) == said
