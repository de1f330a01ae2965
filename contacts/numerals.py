"""Whole numbers as they come in addresses and forms: ids of rows, places in an order, days."""

from __future__ import annotations

DIGITS = 18  # fewer than the largest bigint has; and Python refuses to read numbers of thousands


def number_in(text: object) -> int:
    """The number a text is; 0, which is no row's id, for whatever is none."""
    said = str(text or "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= DIGITS else 0
