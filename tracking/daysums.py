"""Statistics at size: what closed days came to is counted once and kept, so that a page with a million visits answers at once.

What is little is counted from the events whenever somebody asks. Of what is much, closed days are added up; how many different
people there were is then known about (to some 3 percent): the exact number would need every event. What comes late, or turns
out to be a machine's, opens its day again for what it was about. All of it can be thrown away and is counted anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from math import log
from time import monotonic
from typing import Any, NamedTuple, Protocol

from django.db import transaction
from django.utils import timezone

from contacts import clock
from contacts.sql import array
from tracking import daysums_sql as sql
from tracking import statistics_sql
from tracking.statistics_sql import Counted

EXACT = 40_000  # events that are counted one by one: a fifth of a second
SETTLING = timedelta(hours=1)  # after which no batch is under way that saw the day before as today
DUE = 5000
DAY = timedelta(days=1)


class Days(Protocol):
    """Whole days of the instance's time zone, the last one included."""

    @property
    def first(self) -> date: ...

    @property
    def last(self) -> date: ...

    @property
    def since(self) -> datetime: ...

    @property
    def until(self) -> datetime: ...


class Count(NamedTuple):
    times: int = 0
    machines: int = 0
    people: int = 0
    is_about: bool = False  # the people


# --- asking ---------------------------------------------------------------------------------------------------------------


def lines(subject: int, kind: int, days: Days) -> tuple[list[Counted], bool]:
    """What was done with a thing: in all, by day, by where people came from; and whether the people are counted about.

    Where they are, it is not known how many came from where: -1.
    """
    values = _kept([subject], [kind], days)
    if values is None:
        return statistics_sql.count([subject], kind, days.since, days.until, _zone()), False
    total = _sum(values)
    whole = Counted("total", "", total.times, total.machines, _people(total), total.nameless)
    return [whole, *sql.names(values)], True


def by_subject(subjects: Sequence[int], kinds: Sequence[int], days: Days) -> dict[int, Count]:
    values = _kept(subjects, kinds, days)
    if values is None:
        found = statistics_sql.by_subject(subjects, kinds, days.since, days.until, _zone())
        return {pk: Count(*count) for pk, count in found.items()}
    return {one.part: Count(one.times, one.machines, _people(one), True) for one in sql.sums(values, by_subject=True)}


def together(subjects: Sequence[int], kind: int, days: Days) -> Count:
    """Of all of these."""
    values = _kept(subjects, [kind], days)
    if values is None:
        return Count(*statistics_sql.together(subjects, kind, days.since, days.until, _zone()))
    one = _sum(values)
    return Count(one.times, one.machines, _people(one), True)


def _kept(subjects: Sequence[int], kinds: Sequence[int], days: Days) -> dict[str, Any] | None:
    """What the statements ask for where closed days are to be added up; None where the events are few."""
    count, closed = sql.known(subjects, kinds, days.first, days.last, _zone()) if subjects else (0, [])
    if count <= EXACT:
        return None
    known, spans = set(closed), []
    every = [days.first + DAY * at for at in range((days.last - days.first).days + 1)]
    for is_open, group in groupby(every, key=lambda day: day not in known):
        if is_open:
            part = list(group)
            spans.append((clock.midnight(part[0]), clock.midnight(part[-1] + DAY)))
    return {
        "subjects": array(subjects), "kinds": list(kinds), "days": closed, "zone": _zone(),
        "since": days.since, "until": days.until,
        "begins": [begin for begin, _end in spans], "ends": [end for _begin, end in spans],
    }  # fmt: skip


def _sum(values: dict[str, Any]) -> sql.Sum:
    return next(iter(sql.sums(values, by_subject=False)), sql.NOTHING)


def _people(one: sql.Sum) -> int:
    return estimate(one.registers, one.sum) + one.gone_people


def estimate(registers: int, sum: float) -> int:
    """How many different people left a sketch with so many registers set and this sum of 2^-rank."""
    m = sql.REGISTERS
    found = 0.7213 / (1 + 1.079 / m) * m * m / (sum + m - registers)
    if found <= 2.5 * m and registers < m:
        found = m * log(m / (m - registers))
    return round(found)


# --- keeping --------------------------------------------------------------------------------------------------------------


def note(event_ids: Sequence[int], first: datetime) -> None:
    """These events, the first of them at that moment, have come, or count otherwise than before. In the caller's transaction."""
    today = clock.midnight(timezone.localdate())
    if event_ids and first < today:
        sql.note_due(event_ids, first, today, _zone())


def open_again(first: datetime, last: datetime) -> None:
    """Events between these moments are about to be deleted. In the caller's transaction."""
    sql.open_again(timezone.localdate(first), timezone.localdate(last))


def carry(seconds: float = 20) -> int:
    """Count what is due, then days that were never counted, the newest first; how many steps that took.

    Each step is a transaction of its own, and reads: nobody waits for it. To be called again and again.
    """
    end, steps = monotonic() + seconds, 0
    while monotonic() < end and (_count_due() or _count_closed()):
        steps += 1
    return steps


@transaction.atomic
def _count_due() -> bool:
    due = sql.take_due(DUE, _zone())
    for day, group in groupby(sorted((day, subject) for subject, day in due), key=lambda one: one[0]):
        sql.count_again(
            day, [subject for _day, subject in group], clock.midnight(day), clock.midnight(day + DAY), _zone()
        )
    return bool(due)


@transaction.atomic
def _count_closed() -> bool:
    """The newest stretch of closed days not counted yet, within one month: events lie in months."""
    last = timezone.localdate(timezone.now() - SETTLING) - DAY
    oldest = sql.oldest_day()
    if oldest is None:
        return False
    counted = sql.closed(oldest)
    while last in counted and last >= oldest:
        last -= DAY
    if last < oldest:
        return False
    first = last
    while first.day > 1 and first - DAY not in counted:
        first -= DAY
    sql.count_days(first, last, clock.midnight(first), clock.midnight(last + DAY), _zone())
    return True


def _zone() -> str:
    return timezone.get_current_timezone_name()
