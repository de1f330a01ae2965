"""What a score shows on a day, as SQL: the terms of the groups, fading by a half-life, floors and ceilings."""

from __future__ import annotations

_TERMS = "id, weight, half_life_days, epoch, floor, ceiling"
LIVE_TERMS = f"SELECT {_TERMS} FROM scoring_pointgroup"
BOOK_TERMS = """
SELECT * FROM jsonb_to_recordset(%(terms)s::jsonb) AS t(id bigint, weight numeric, half_life_days int, epoch date, floor int, ceiling int)
"""
LIVE_BOUNDS = "SELECT max(floor) AS floor, max(ceiling) AS ceiling FROM scoring_overallscore"
BOOK_BOUNDS = "SELECT %(floor)s::int AS floor, %(ceiling)s::int AS ceiling"


def bounded(value: str, bounds: str) -> str:
    """A value within the floor and the ceiling of its group, or of the overall score; a bound that is null bounds nothing."""
    return f"greatest(least({value}, {bounds}.ceiling), {bounds}.floor)"


def faded(forward: str, day: str, terms: str) -> str:
    """What is left on a day of a forward-decayed sum. What would be too small for a floating-point number is nothing."""
    halvings = f"(({terms}.epoch - {day})::float8 / {terms}.half_life_days)"
    factor = f"power(2::float8, greatest(-1000, least(1000, {halvings})))"
    return f"(CASE WHEN {halvings} < -30 AND abs({forward}) < 1 THEN 0 ELSE {forward} * {factor} END)"


def shown(score: str, forward: str, day: str, terms: str = "t") -> str:
    """What a group's sums are worth on a day: faded by its half-life to the cent, and within its bounds."""
    value = f"round({faded(forward, day, terms)}::numeric, 2)"
    return bounded(f"(CASE WHEN {terms}.half_life_days IS NULL THEN {score} ELSE {value} END)", terms)
