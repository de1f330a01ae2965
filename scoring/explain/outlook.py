"""What becomes of a score if nothing happens: points fade and expire, profile rules that count days begin and end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from contacts import clock, conditions
from contacts.models import Contact
from scoring import decay
from scoring.explain.levels import Level
from scoring.models import END, ContactScore, OverallScore, PointActionVersion, PointEntry, PointGroup
from scoring.sources import point_sources
from scoring.sources.profile_matches import ProfileMatches
from scoring.sql import statements

HORIZON = 730
AHEAD = (30, 90)

Values = dict[int | None, Decimal]  # by group; None: overall


@dataclass(frozen=True)
class Crossing:
    """A score that will pass a level, the first time it does."""

    level: Level
    day: date
    before: Decimal
    after: Decimal

    @property
    def is_up(self) -> bool:
        return self.after > self.before

    @property
    def acts(self) -> bool:
        """Does it pass in the direction in which something happens?"""
        return self.is_up == self.level.is_rising


@dataclass(frozen=True)
class Outlook:
    """`ahead`: what the scores will show in so many days ({group or None: value}); `now`: what they show."""

    crossings: Sequence[Crossing]
    now: Mapping[int | None, Decimal]
    ahead: Mapping[int, Mapping[int | None, Decimal]]


@dataclass(frozen=True)
class Move:
    """Points that come or go on a day, and their part of the forward-decayed sum."""

    points: float
    forward: float


def outlook(contact: Contact, levels: Iterable[Level] = (), horizon: int = HORIZON) -> Outlook:
    """How the stored scores of a contact go on for two years if nothing happens. Reads only.

    Segments that a profile rule asks for are taken to stay as they are.
    """
    sums = _Sums(contact)
    moves = _moves(contact, sums, horizon)
    now = before = sums.values(sums.today)
    open_levels, crossings = list(levels), []
    ahead: dict[int, Values] = {}
    for offset in range(horizon + 1):
        day = sums.today + timedelta(days=offset)
        for group_id, move in moves.get(day, ()):
            sums.add(group_id, move)
        after = sums.values(day)
        for level in [one for one in open_levels if _passed(one, before, after)]:
            open_levels.remove(level)
            key = level.group_id
            crossings.append(Crossing(level, day, before.get(key, Decimal()), after.get(key, Decimal())))
        if offset in AHEAD:
            ahead[offset] = after
        before = after
    return Outlook(crossings, now, ahead)


def _passed(level: Level, before: Values, after: Values) -> bool:
    was, becomes = before.get(level.group_id, Decimal()), after.get(level.group_id, Decimal())
    return (was >= level.value) != (becomes >= level.value)


class _Sums:
    """The stored sums of a contact, and what they show on any day (as scoring.sql.terms.shown has it)."""

    def __init__(self, contact: Contact) -> None:
        self.today = decay.today()
        self.groups = {group.pk: group for group in PointGroup.objects.all()}
        self.overall = OverallScore.objects.first()
        self.points: dict[int, Decimal] = defaultdict(Decimal)
        self.forward: dict[int, float] = defaultdict(float)
        for row in ContactScore.objects.filter(contact=contact):
            if row.group_id is not None:
                self.points[row.group_id], self.forward[row.group_id] = row.score, row.forward

    def add(self, group_id: int, move: Move) -> None:
        self.points[group_id] += Decimal(round(move.points))
        self.forward[group_id] += move.forward

    def values(self, day: date) -> Values:
        shown: Values = {}
        total = Decimal()
        for pk in self.points:
            shown[pk] = value = self._of(self.groups[pk], day)
            total += self.groups[pk].weight * value
        shown[None] = _bounded(decay.cents(total), self.overall)
        return shown

    def grown(self, group: PointGroup, points: float, day: date) -> float:
        return decay.faded(points, (group.epoch - day).days, group.half_life_days) if group.half_life_days else 0.0

    def _of(self, group: PointGroup, day: date) -> Decimal:
        if group.half_life_days is None:
            return _bounded(self.points[group.pk], group)
        value = decay.faded(self.forward[group.pk], (day - group.epoch).days, group.half_life_days)
        return _bounded(decay.cents(Decimal(f"{value:.15g}")), group)


def _bounded(value: Decimal, bounds: Any) -> Decimal:
    if bounds and bounds.ceiling is not None:
        value = min(value, Decimal(bounds.ceiling))
    return max(value, Decimal(bounds.floor)) if bounds and bounds.floor is not None else value


# --- what comes and goes by itself ------------------------------------------------------------------------------------


def _moves(contact: Contact, sums: _Sums, horizon: int) -> dict[date, list[tuple[int, Move]]]:
    until = sums.today + timedelta(days=horizon)
    moves: dict[date, list[tuple[int, Move]]] = defaultdict(list)
    for row in statements.leaving(contact.pk, until):
        # What is overdue goes with the day's turn: today.
        moves[max(row["day"], sums.today)].append((row["group_id"], Move(-row["points"], -row["forward"])))
    for day, group_id, move in _held(contact, sums, until):
        moves[day].append((group_id, move))
    return moves


def _held(contact: Contact, sums: _Sums, until: date) -> Iterator[tuple[date, int, Move]]:
    """The points of profile rules that begin or stop to hold because days pass."""
    profile = PointActionVersion.objects.filter(kind__isnull=True, valid_from__lt=END, valid_until=END)
    changing = [(version, days) for version in profile if (days := _days(version, contact, sums.today, until))]
    entries = PointEntry.objects.filter(contact=contact, version__in=[version for version, _days in changing])
    since = {entry.version_id: decay.day_of(entry.first_at) for entry in entries} if changing else {}
    for version, days in changing:
        group, begun = sums.groups[version.group_id], since.get(version.pk)
        for day in days:
            holds = _holds(version, contact, day)
            if holds and begun is None:
                begun = day
                yield day, group.pk, Move(version.worth, sums.grown(group, version.worth, day))
            elif not holds and begun is not None:
                yield day, group.pk, Move(-version.worth, -sums.grown(group, version.worth, begun))
                begun = None


def _days(version: PointActionVersion, contact: Contact, today: date, until: date) -> list[date]:
    """The days on which a profile rule may begin or stop to hold."""
    days = {decay.day_of(moment) for moment in (version.active_from, version.active_until) if moment}
    tree = version.params.get("conditions")
    if conditions.turns_with_time(tree):
        for leaf in [*conditions.uses(tree, "field"), *conditions.uses(tree, "custom")]:
            days.update(_turning(leaf, contact))
    return sorted(day for day in days if today < day <= until)


def _turning(leaf: Mapping[str, Any], contact: Contact) -> Iterator[date]:
    """The days on which a condition that counts days from a date of the contact turns."""
    count, day = leaf.get("value"), _date(contact, leaf.get("field"))
    if day is None or not isinstance(count, int | float | str):
        return
    try:
        apart = timedelta(days=int(count))
        match leaf.get("op"):
            case "last_days":
                yield from (day, day + apart + timedelta(days=1))
            case "older_than":
                yield day + apart + timedelta(days=1)
            case "next_days":
                yield from (day - apart, day + timedelta(days=1))
    except (ValueError, OverflowError):
        return


def _date(contact: Contact, name: Any) -> date | None:
    """A date of the contact: one of its own, or of its custom fields."""
    value = getattr(contact, str(name), None) if name == "created_at" else contact.fields.get(name)
    if isinstance(value, str):
        try:
            value = parse_datetime(value) or parse_date(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return decay.day_of(value if timezone.is_aware(value) else timezone.make_aware(value))
    return value if isinstance(value, date) else None


def _holds(version: PointActionVersion, contact: Contact, day: date) -> bool:
    """Does a profile rule hold at the end of a day, the contact being as it is now?"""
    end = clock.end(day)
    begun = version.active_from is None or version.active_from <= end
    source = point_sources.get(version.source)
    if not begun or (version.active_until and version.active_until <= end) or not isinstance(source, ProfileMatches):
        return False
    with clock.at(end):
        return source.contacts(version.params, Contact.objects.filter(pk=contact.pk)).exists()
