"""Samples of contacts: what each scored, and whether they converted."""

from random import Random

from hypothesis import strategies as st

few_scores = st.integers(-30, 30).map(lambda tenths: tenths / 10)
scores = st.one_of(few_scores, st.decimals(-50, 50, places=2), st.floats(-1e6, 1e6))
outcomes = st.lists(st.tuples(scores, st.booleans()), max_size=40)
both_outcomes = outcomes.filter(lambda pairs: len({converted for _, converted in pairs}) == 2)


def seen(pairs):
    """The scores as anybody would compare them: to the billionth of a point."""
    return [(round(float(score), 9), converted) for score, converted in pairs]


def drawn(seed, converted=100, others=100, shift=0.0):
    """Whole normal scores; those who converted have `shift` standard deviations more."""
    random = Random(seed)
    return [
        (round(10 * random.gauss(shift if outcome else 0)), outcome)
        for outcome in [True] * converted + [False] * others
    ]
