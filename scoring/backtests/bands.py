"""Conversion by score band, and among the highest scores."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.backtests.rates import Interval, Rate
from scoring.backtests.sample import Sample


@dataclass(frozen=True)
class Band:
    """The contacts with a score from `lowest` to `highest`, both included."""

    lowest: float
    highest: float
    rate: Rate


@dataclass(frozen=True)
class Top:
    """The contacts with the highest scores: a fixed number of them, whatever is tied at its border."""

    percent: int
    rate: Rate
    base: Rate
    border: float  # the score at which the top ends
    tied: int  # contacts with that score, of whom `inside` are in the top
    inside: int

    @property
    def lift(self) -> float:
        """How many times as often they converted as everybody did."""
        return self.rate.value / self.base.value

    @property
    def interval(self) -> Interval:
        """Of the lift, taking the rate of everybody as known."""
        rate = self.rate.interval
        return Interval(rate.low / self.base.value, rate.high / self.base.value)


def bands(sample: Sample, wanted: int = 10) -> tuple[Band, ...]:
    """At most `wanted` bands of about as many contacts each, from high to low.

    Equal scores stay together, in the band their middle falls into; so a score that many have makes fewer, larger bands.
    """
    held: dict[int, list[int]] = {}
    below = 0
    for place, tied in enumerate(sample.tied):
        held.setdefault((2 * below + tied) * wanted // (2 * sample.contacts), []).append(place)
        below += tied
    return tuple(_band(sample, places) for _, places in sorted(held.items(), reverse=True))


def top(sample: Sample, percent: int = 10) -> Top:
    """The `percent` highest scores, rounded up to whole contacts.

    Of contacts tied at the border, the part that still fits counts with the conversions of an average part of them:
    what drawing lots among them would give on average, without drawing.
    """
    if not sample.conversions:
        raise ValueError("a lift needs contacts who converted")
    contacts = room = -(-sample.contacts * percent // 100)
    conversions = 0.0
    place = len(sample.scores)
    while room:
        place -= 1
        inside = min(room, sample.tied[place])
        conversions += sample.converted[place] * inside / sample.tied[place]
        room -= inside
    return Top(
        percent=percent,
        rate=Rate(conversions, contacts),
        base=Rate(sample.conversions, sample.contacts),
        border=sample.scores[place],
        tied=sample.tied[place],
        inside=inside,
    )


def _band(sample: Sample, places: list[int]) -> Band:
    part = slice(places[0], places[-1] + 1)
    return Band(
        lowest=sample.scores[places[0]],
        highest=sample.scores[places[-1]],
        rate=Rate(sum(sample.converted[part]), sum(sample.tied[part])),
    )
