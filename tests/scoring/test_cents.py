from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.decay import CENT, cents
from scoring.explain.cents import apportioned


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_cents_add_up_and_none_is_off_by_a_cent(amounts):
    total = cents(sum(amounts))
    shares = apportioned(amounts, total)

    assert sum(shares) == total
    assert all(abs(float(share) - amount) < 0.01001 for share, amount in zip(shares, amounts, strict=True))


@pytest.mark.parametrize(
    ("amounts", "total", "shares"),
    [
        ([10 / 3, 10 / 3, 10 / 3], "10.00", ["3.34", "3.33", "3.33"]),
        ([0.009, 0.001, 5], "5.01", ["0.01", "0.00", "5.00"]),
        ([0, 2.675, 0], "2.68", ["0.00", "2.68", "0.00"]),  # what is nothing stays nothing
        ([-1.005, 1.005], "0.00", ["-1.00", "1.00"]),
        ([0.29, 2.01, 1.1], "3.40", ["0.29", "2.01", "1.10"]),
        ([1, 7, 2], "12.00", ["1.00", "9.00", "2.00"]),  # should a total be wrong, it still adds up
        ([], "0.00", []),
    ],
)
def test_the_largest_remainders_are_rounded_up(amounts, total, shares):
    assert apportioned(amounts, Decimal(total)) == [Decimal(share) for share in shares]
    assert all(share == share.quantize(CENT) for share in apportioned(amounts, Decimal(total)))
