"""Ids of rows as they come in addresses and forms."""

from __future__ import annotations

DIGITS = 18  # more than any bigint of ours; Python refuses to read numbers of thousands


def row_id(text: object) -> int:
    """The id a text names; 0, which no row has, for whatever is none."""
    said = str(text or "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= DIGITS else 0
