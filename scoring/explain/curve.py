"""The curve of a contact's scores: what they showed at the end of each day, by the rules in force then or by any others.

Lines change only on days on which something happens, or the rules do: on those they are counted by the engine, all days in
one statement for each rulebook. In between points fade and expire, which is reckoned here. Caps over several occurrences may
take back on a later day what an earlier one had credited: by such rules each day is counted like a contact of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils import timezone

from contacts import clock
from contacts.models import Contact
from scoring import decay, profiling, valuation
from scoring.models import END, Adjustment, Holding, PointActionVersion
from scoring.rulebook import GroupTerms, Rulebook, RuleHistory
from scoring.sql import curve as sql

DAYS = 365
BUDGET = 150_000  # events counted for one curve, each as often as there are days after it: a fifth of a second
BOOKS = 40  # rulebooks that one curve follows
LOOKS = 12  # instants at which rules about who the contact is are asked anew, where no record tells

Books = Sequence[tuple[datetime, Rulebook]]  # from when on which, in order


@dataclass(frozen=True)
class Dot:
    """What the scores showed at an instant, by group; the overall score is that of None."""

    at: datetime
    values: Mapping[int | None, Decimal]


@dataclass(frozen=True)
class Curve:
    dots: Sequence[Dot]
    is_exact: bool = True  # or drawn through some of the days only

    def at(self, moment: datetime, group_id: int | None = None) -> Decimal:
        """What was shown at the end of a moment's day."""
        place = bisect_right([dot.at for dot in self.dots], clock.end(decay.day_of(moment)))
        return self.dots[max(0, place - 1)].values.get(group_id, Decimal())


def curve(contact: Contact, book: Rulebook | None = None, looks: int = LOOKS, budget: int | None = None) -> Curve:
    """The scores of a contact at the end of each of the last days, and now: by a rulebook, or by the rules in force then.

    The number of queries does not depend on what happened. With `looks=0` rules about who the contact is count only as far
    as there is a record of it. Above the `budget` of events it is drawn through some of the days only.
    """
    until = timezone.now()
    happened = sql.event_days(contact.pk, until)
    instants = _instants(contact, happened, until)
    books: Books = [(instants[0], book)] if book else _books(instants)
    adds_up = all(sql.adds_up(book.shape) for _at, book in books)
    days = [(min(clock.end(day), until), count) for day, count in happened]
    steps, is_exact = ([at for at, _count in days], True) if adds_up else _steps(days, budget or BUDGET)
    most = min(BOOKS, max(1, (budget or BUDGET) // max(1, sum(count for _at, count in days))))
    if len(books) > most:
        kept = {at for at, _book in books[:: -(-len(books) // most)]} | {books[-1][0]}
        books, is_exact = [one for one in books if one[0] in kept], False
    beside = _Beside(contact.pk, books, looks, until)
    dots = [dot for part in _parts(instants, books) for dot in _dots(contact.pk, *part, steps, beside)]
    return Curve(dots, is_exact)


def _instants(contact: Contact, happened: Sequence[tuple[date, int]], until: datetime) -> list[datetime]:
    last = decay.day_of(until)
    first = min([decay.day_of(contact.created_at), *(day for day, _count in happened[:1])])
    first = max(first - timedelta(days=1), last - timedelta(days=DAYS))
    return [clock.end(first + timedelta(days=number)) for number in range((last - first).days)] + [until]


def _books(instants: Sequence[datetime]) -> Books:
    """The rules in force at each instant, where they are not those of the one before."""
    history = RuleHistory.load(instants[0], instants[-1])
    turns = history.turns
    firsts = [next(group) for _key, group in groupby(instants, key=lambda at: bisect_right(turns, at))]
    return [(at, history.at(at)) for at in firsts]


def _steps(days: Sequence[tuple[datetime, int]], budget: int) -> tuple[list[datetime], bool]:
    """The instants at which lines are counted: the end of each day on which something happened, or of some of them."""
    total = cost = 0
    for _at, count in days:
        total += count
        cost += total
    every = -(-cost // budget) or 1
    steps = [at for at, _count in days]
    return steps[::-1][::every][::-1], every == 1


def _parts(instants: Sequence[datetime], books: Books) -> Iterator[tuple[list[datetime], Rulebook]]:
    begins = [at for at, _book in books]
    for place, group in groupby(instants, key=lambda at: max(0, bisect_right(begins, at) - 1)):
        yield list(group), books[place][1]


def _dots(
    contact_id: int, instants: Sequence[datetime], book: Rulebook, steps: Sequence[datetime], beside: _Beside
) -> Iterator[Dot]:
    """The dots of a stretch of time with one rulebook."""
    terms = {one.id: one for one in book.terms}
    last_steps = [bisect_right(steps, at) - 1 for at in instants]
    wanted = sorted({place for place in last_steps if place >= 0})
    reference, adds_up = decay.day_of(instants[-1]), sql.adds_up(book.shape)
    counted = sql.lines_at(book.parameters(), book.shape, contact_id, [steps[place] for place in wanted], reference)
    new = dict(zip(wanted, counted, strict=True))
    standing: dict[tuple[int, date | None], tuple[int, float]] = {}
    for at, place in zip(instants, last_steps, strict=True):
        day = decay.day_of(at)
        if place in new:
            if not adds_up:
                standing.clear()
            for row in new.pop(place):
                key = row["group_id"], row["expires_on"]
                points, grown = standing.get(key, (0, 0.0))
                standing[key] = points + row["points"], grown + row["grown"]
        sums: dict[int, float] = defaultdict(float)
        for (group_id, expires_on), (points, grown) in standing.items():
            if expires_on is None or expires_on > day:
                half_life = terms[group_id].half_life_days
                sums[group_id] += points if half_life is None else decay.faded(grown, (day - reference).days, half_life)
        for row in beside.lines(at, book):
            sums[row["group_id"]] += decay.faded(
                row["points"], (day - row["day"]).days, terms[row["group_id"]].half_life_days
            )
        yield Dot(at, _shown(sums, terms, book))


def _shown(sums: Mapping[int, float], terms: Mapping[int, GroupTerms], book: Rulebook) -> dict[int | None, Decimal]:
    """As scoring.sql.terms.shown and the overall score have it."""
    values: dict[int | None, Decimal] = {}
    for key, total in sums.items():
        values[key] = _bounded(decay.cents(total), terms[key].floor, terms[key].ceiling)
    overall = decay.cents(sum((terms[key].weight * values[key] for key in sums), Decimal()))
    return {**values, None: _bounded(overall, book.floor, book.ceiling)}


def _bounded(value: Decimal, floor: int | None, ceiling: int | None) -> Decimal:
    value = value if ceiling is None else min(value, Decimal(ceiling))
    return value if floor is None else max(value, Decimal(floor))


class _Beside:
    """The lines that no event makes: adjustments, and rules about who the contact is."""

    def __init__(self, contact_id: int, books: Books, looks: int, until: datetime) -> None:
        self.contact_id, self.looks, self.until = contact_id, looks, until
        self.apart = timedelta(days=DAYS / (looks or 1))
        ids = {one.version_id for _at, book in books for one in book.intervals}
        off = profiling.off([contact_id])
        versions = PointActionVersion.objects.filter(pk__in=() if off else ids, kind__isnull=True)
        self.versions = {version.pk: version for version in versions}
        self.holdings = list(Holding.objects.filter(contact=contact_id, version__in=self.versions))
        given = profiling.counted(Adjustment.objects.filter(contact=contact_id).order_by("at"))
        self.adjustments = [(one.at, _line(one.group_id, one.at, one.points)) for one in given]
        self.book: Rulebook | None = None  # whose rules about the contact are these:
        self.standing: list[tuple[PointActionVersion, int]] = []
        self.asked_at: datetime | None = None
        self.asked: list[dict[str, Any]] = []

    def lines(self, at: datetime, book: Rulebook) -> Iterator[dict[str, Any]]:
        if book is not self.book:
            self.book, self.asked_at = book, None
            found = [one for one in book.intervals if one.version_id in self.versions and one.valid_until == END]
            self.standing = [(self.versions[one.version_id], one.worth) for one in found]
        for given_at, line in self.adjustments:
            if given_at <= at:
                yield line
        for version, worth in self.standing:
            since = self._since(version, at, book)
            if since:
                yield _line(version.group_id, since, worth)

    def _since(self, version: PointActionVersion, at: datetime, book: Rulebook) -> datetime | None:
        """Since when a rule about the contact held at an instant, if it did (as valuation.held has it)."""
        if not valuation.is_open(version, at):
            return None
        if valuation.was_looked_at(version, at):
            held = (
                one.first_at
                for one in self.holdings
                if one.version_id == version.pk and one.since <= at and (one.until is None or one.until > at)
            )
            return next(held, None)
        if not self.looks:
            return None
        return next((row["since"] for row in self._ask(at, book) if row["version_id"] == version.pk), None)

    def _ask(self, at: datetime, book: Rulebook) -> list[dict[str, Any]]:
        """What held then by what is noted of the contact's changes; not asked again for a while."""
        is_old = self.asked_at is None or at - self.asked_at >= self.apart or at == self.until
        if is_old and at != self.asked_at:
            actions = {version.action_id for version, _worth in self.standing}
            self.asked_at, self.asked = at, valuation.held(book.only(actions), [self.contact_id], at)
        return self.asked


def _line(group_id: int, at: datetime, points: int) -> dict[str, Any]:
    return {"group_id": group_id, "day": decay.day_of(at), "points": points}
