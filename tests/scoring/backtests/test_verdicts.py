"""The verdict on a score and on a draft, and the words it is told in."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from django.utils.translation import override

from scoring.backtests import wording
from scoring.backtests.bands import top
from scoring.backtests.rates import Interval, Rate
from scoring.backtests.reports import report
from scoring.backtests.sample import Sample
from scoring.backtests.thresholds import Reason, suggestions
from scoring.backtests.verdicts import Change, Worth, compare, judge
from tests.scoring.backtests.samples import drawn


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
