"""A report: days, figures and tables, and how numbers are told in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from contacts import clock
from contacts.wording import whole
from tracking import odds
from tracking.daysums import Count
from tracking.odds import Tally

LONGEST = 731  # days
USUAL = 30


@dataclass(frozen=True)
class Span:
    """Whole days of the instance's time zone, the last one included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return clock.midnight(self.first)

    @property
    def until(self) -> datetime:
        return clock.midnight(self.last + timedelta(days=1))

    @property
    def zone(self) -> str:
        return timezone.get_current_timezone_name()

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=at) for at in range((self.last - self.first).days + 1)]


def span(first: str = "", last: str = "") -> Span:
    """The days asked for; the last thirty where nothing sensible was."""
    today = timezone.localdate()
    end = _day(last) or today
    begin = _day(first) or end - timedelta(days=USUAL - 1)
    if begin > end:
        begin, end = end, begin
    return Span(max(begin, end - timedelta(days=LONGEST - 1)), end)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Lines with a name first; `note` says what is not in them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    empty: str = ""


@dataclass(frozen=True)
class Report:
    """All that a page of statistics shows, and its CSV."""

    span: Span
    figures: Sequence[Figure]
    days: Sequence[tuple[date, int]]
    counted: str  # what the days count
    tables: Sequence[Table]
    notes: Sequence[str]


def of_people(label: str, count: Count, sent_to: int) -> Figure:
    share = f" ({percent(count.people / sent_to)})" if 0 < count.people <= sent_to else ""
    note = _("%(times)s times; %(machines)s times by machines")
    values = {"times": whole(count.times), "machines": whole(count.machines)}
    return Figure(label, crowd(count.people, count.is_about) + share, note % values)


def rate(tally: Tally, label: str, *, is_about: bool = False) -> list[Figure]:
    if not tally.visitors:
        return [Figure(label, "–", _("no visitor who may be followed"))]
    low, high = odds.wilson(tally)
    note = _("%(sent)s of %(visitors)s visitors who may be followed; with luck taken out between %(low)s and %(high)s")
    values = {
        "sent": whole(tally.converted),
        "visitors": crowd(tally.visitors, is_about),
        "low": percent(low),
        "high": percent(high),
    }
    return [Figure(label, percent(tally.converted / tally.visitors), note % values)]


def columns_of(count: Count | None) -> tuple[int, int | str, int]:
    """How often, by how many people, how often by machines."""
    count = count or Count()
    return count.times, crowd(count.people, True) if count.is_about else count.people, count.machines


def percent(share: float, decimals: int = 1) -> str:
    return _("%(number)s%%") % {"number": number_format(f"{100 * share:.{decimals}f}", use_l10n=True)}


def crowd(people: int, is_about: bool) -> str:
    """A number of people in words: where it is known about, in two digits that mean something."""
    if not is_about or people < 100:
        return whole(people)
    return _("about %(count)s") % {"count": whole(round(people, 2 - len(str(people))))}
