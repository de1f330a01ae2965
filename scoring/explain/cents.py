"""Cents that add up: amounts that fade have no end of decimals, but what is shown of them must sum to the score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from scoring.decay import CENT


def apportioned(amounts: Sequence[Decimal | float], total: Decimal) -> list[Decimal]:
    """Each amount in whole cents, so that they sum to `total` exactly: by the largest remainder, none off by a cent or more.

    `total` is the sum of the amounts, rounded to cents. Should it be further away, the largest amount takes the difference.
    """
    scaled = [round(float(amount) * 100, 6) for amount in amounts]
    cents = [math.floor(value) for value in scaled]
    missing = int(total * 100) - sum(cents)
    fractions = [index for index, value in enumerate(scaled) if value != cents[index]]
    fractions.sort(key=lambda index: cents[index] - scaled[index])
    for index in fractions[: max(missing, 0)]:
        cents[index] += 1
        missing -= 1
    if missing and cents:
        cents[max(range(len(cents)), key=lambda index: abs(scaled[index]))] += missing
    return [value * CENT for value in cents]
