"""Scores by the book: one contact at a time, in plain Python."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import strategies as st

from scoring.models import ContactScore, OverallScore, PointGroup
from tests.factories import ContactFactory

EPOCH = date(2026, 1, 5)
CENT = Decimal("0.01")
HALF_LIVES = (None, 7, 30)


def noon(days=0):
    return datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(days)


def group(name="Engagement", half_life_days=7, **terms):
    return PointGroup.objects.create(name=name, half_life_days=half_life_days, epoch=EPOCH, **terms)


def give(contact, group, points, overall=0):
    """A row of the group, and the overall row that is always there beside it."""
    forward = points if group.half_life_days else 0
    ContactScore.objects.create(contact=contact, group=group, score=round(points), forward=forward)
    ContactScore.objects.get_or_create(contact=contact, group=None, defaults={"score": overall})


def rounded(number):
    return Decimal(number).quantize(CENT, ROUND_HALF_UP)


def bounded(value, terms):
    value = value if terms.ceiling is None else min(value, Decimal(terms.ceiling))
    return value if terms.floor is None else max(value, Decimal(terms.floor))


def value_of(row, group, day):
    if not group.half_life_days:
        return bounded(rounded(row.score), group)
    faded = row.forward * 2.0 ** (-(day - group.epoch).days / group.half_life_days)
    return bounded(rounded(f"{faded:.15g}"), group)  # PostgreSQL makes a number of so many digits of it


def sums(day):
    """{contact: {group or None: value or sum}} of those who have a row."""
    groups = PointGroup.objects.in_bulk()
    found = {row.contact_id: {None: row.score} for row in ContactScore.objects.filter(group=None)}
    for row in ContactScore.objects.filter(group__isnull=False):
        own, one = found[row.contact_id], groups[row.group_id]
        own[one.pk] = value_of(row, one, day)
        if one.half_life_days:
            own[None] += one.weight * own[one.pk]
    return found


def shown(day):
    """{(contact, group or None): value}."""
    bounds = OverallScore.objects.first() or OverallScore()
    return {
        (pk, which): bounded(rounded(value), bounds) if which is None else value
        for pk, own in sums(day).items()
        for which, value in own.items()
    }


rows = st.fixed_dictionaries(
    {
        0: st.none() | st.integers(-30, 60),
        1: st.none() | st.integers(-30, 60) | st.floats(-200, 200, allow_nan=False, width=32),
        2: st.none() | st.integers(-30, 60) | st.floats(-200, 200, allow_nan=False, width=32),
    }
)
bounds = st.tuples(st.none() | st.integers(-30, 0), st.none() | st.integers(0, 50))
worlds = st.fixed_dictionaries(
    {
        "rows": st.lists(rows, min_size=1, max_size=12),
        "bounds": st.tuples(bounds, bounds, bounds, bounds),
        "weights": st.tuples(*[st.sampled_from(["0", "0.33", "1", "2"])] * 3),
        "day": st.integers(0, 40),
    }
)


def build(world):
    """Three groups (one that keeps its points, two of other half-lives) and contacts with rows as the engine has them."""
    OverallScore.objects.create(floor=world["bounds"][3][0], ceiling=world["bounds"][3][1])
    groups = [
        group(str(half_life), half_life, weight=Decimal(weight), floor=floor, ceiling=ceiling)
        for half_life, weight, (floor, ceiling) in zip(HALF_LIVES, world["weights"], world["bounds"], strict=False)
    ]
    for points in world["rows"]:
        contact = ContactFactory()
        kept = 0 if points[0] is None else groups[0].weight * bounded(Decimal(points[0]), groups[0])
        ContactScore.objects.create(contact=contact, score=kept)
        for number, one in enumerate(groups):
            if points[number] is not None:
                give(contact, one, points[number])
    ContactFactory()  # who has no row at all
    return [*(one.pk for one in groups), None]


numbers = st.decimals(-60, 120, places=2) | st.integers(-60, 120).map(Decimal) | st.decimals(-60, 120, places=4)


def _is_within(value, first, end):
    return (first is None or value >= first) and (end is None or value < end)
