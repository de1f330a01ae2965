import random
from itertools import accumulate

import pytest

from tracking import odds
from tracking.odds import Tally


def test_wilsons_interval_is_the_one_in_the_books():
    assert [round(bound, 4) for bound in odds.wilson(Tally(10, 1))] == [0.0179, 0.4042]
    assert [round(bound, 4) for bound in odds.wilson(Tally(100, 0))] == [0.0, 0.037]
    assert odds.wilson(Tally(0, 0)) == (0.0, 1.0)


@pytest.mark.parametrize("tallies", [[(1000, 100), (1000, 130)], [(10, 1), (90_000, 400)], [(0, 0), (5, 5), (30, 2)]])
def test_the_chance_to_be_best_agrees_with_drawing_lots(tallies):
    tallies = [Tally(*one) for one in tallies]
    dice = random.Random(4)
    wins = [0] * len(tallies)
    for _draw in range(20_000):
        rates = [dice.betavariate(one.converted + 1, one.visitors - one.converted + 1) for one in tallies]
        wins[rates.index(max(rates))] += 1

    assert odds.chances(tallies) == pytest.approx([count / 20_000 for count in wins], abs=0.012)


def test_chances_stay_right_for_very_many_visitors():
    shares = odds.chances([Tally(2_000_000, 20_000), Tally(2_000_000, 20_000)])

    assert shares == pytest.approx([0.5, 0.5], abs=1e-6)


def test_looking_after_every_visitor_finds_no_winner_among_equals_more_often_than_it_says():
    dice = random.Random(7)
    wrong = 0
    for _trial in range(200):
        ones, others = ([dice.random() < 0.1 for _visitor in range(1000)] for _variant in range(2))
        pairs = zip(accumulate(ones), accumulate(others), strict=True)
        wrong += any(
            odds.winner([Tally(n, one), Tally(n, other)]) is not None for n, (one, other) in enumerate(pairs, 1)
        )

    assert wrong <= 10  # 5 % of 200; looking at a common test each time would be wrong in about half of them


def test_a_true_difference_is_found():
    assert odds.winner([Tally(2000, 200), Tally(2000, 300)]) == 1
    assert odds.winner([Tally(2000, 200), Tally(2000, 300), Tally(2000, 290)]) is None
    assert odds.winner([Tally(20, 2), Tally(20, 3)]) is None
    assert odds.winner([Tally(9, 9), Tally(9, 0)]) is None  # nine people are too few to say anything
    assert odds.winner([Tally(50, 5)]) is None
