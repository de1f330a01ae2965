"""The lines of an explanation: each one reason for points, with its rule, version, occasion and what limits it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts.wording import strung
from scoring.explain import notes
from scoring.explain.accounts import Account, Counted
from scoring.explain.notes import Note
from scoring.models import NO_PERIOD, Adjustment, Match, PointActionVersion, Repeat
from tracking import subjects
from tracking.models import Event, Kind, Subject

TOLD = 6  # lines of a day that are told one by one


class LineKind(StrEnum):
    RULE = "rule"  # something happened
    PROFILE = "profile"  # something is true
    ADJUSTMENT = "adjustment"
    OLDER = "older"  # lines not listed one by one
    PENDING = "pending"  # what a change of the rules has not been carried out to yet
    LIMIT = "limit"  # the lowest or highest score of the group


@dataclass(frozen=True)
class Line:
    """One reason for points. `points` is what it adds to its group's score on the day asked about."""

    kind: LineKind
    name: str
    points: Decimal
    about: str = ""  # on what, when: “White paper”, “week of 2 March”
    hits: int = 1
    credited: int = 1
    each: int = 0  # what each credit is worth
    earned: int = 0  # credited × each, less what the group's cap cut; before fading and expiry
    cut: int = 0
    first_at: datetime | None = None  # None for lines that sum up others, and for limits
    last_at: datetime | None = None
    age: int = 0  # in days
    expires_on: date | None = None
    is_expired: bool = False
    version: int | None = None
    priced_by: int | None = None  # the version whose points it is worth, where that is another one
    action_id: int | None = None
    origin: str = ""  # of an adjustment
    notes: tuple[Note, ...] = ()
    key: tuple[Any, ...] = ()  # what makes it this line: (action, version, object, period), ("adjustment", id)
    subject: Subject | None = field(default=None, compare=False, repr=False)

    @property
    def note(self) -> str:
        return strung(note.text for note in self.notes)

    @property
    def is_void(self) -> bool:
        """Does it give nothing, whatever day it is?"""
        return self.is_expired or self.earned == 0

    @property
    def is_reason(self) -> bool:
        """Is it about something that happened, is true or was given?"""
        return self.kind in (LineKind.RULE, LineKind.PROFILE, LineKind.ADJUSTMENT)


class Telling(StrEnum):
    """How much is told of each line; what is not told is not looked up."""

    ALL = "all"
    DAYS = "days"  # no notes, and what it was about of the newest lines of each day only, `TOLD` of each group
    SUMS = "sums"  # its rule and its points


class Words:
    """The names that counted lines mention, each kind fetched by one query."""

    def __init__(self, contact_id: int, account: Account, telling: Telling = Telling.ALL) -> None:
        rows = [row for found in account.counted.values() for row in found]
        self.account, self.has_notes = account, telling == Telling.ALL
        actions = {row.action_id for row in rows if row.action_id}
        found = PointActionVersion.objects.filter(action__in=actions).select_related("action").order_by("number")
        self.versions = {version.pk: version for version in found}
        given = Adjustment.objects.filter(pk__in=[row.adjustment_id for row in rows if row.adjustment_id])
        self.adjustments = {one.pk: one for one in given.select_related("author")}
        told = rows
        if telling != Telling.ALL:
            told = [] if telling == Telling.SUMS else _newest_of_days(account)
        self.told = {id(row) for row in told}
        self.about = Occasions(contact_id, told, self.versions)

    def line(self, row: Counted, points: Decimal) -> Line:
        terms, day = self.account.terms[row.group_id], row.day
        age = (self.account.day - day).days
        if row.adjustment_id:
            one = self.adjustments[row.adjustment_id]
            return Line(
                kind=LineKind.ADJUSTMENT,
                name=one.get_origin_display(),
                points=points,
                about=str(one.author) if one.author else "",
                origin=one.origin,
                each=row.worth,
                earned=row.worth,
                first_at=row.first_at,
                last_at=row.last_at,
                age=age,
                notes=tuple(notes.of_adjustment(row, one, terms, age)) if self.has_notes else (),
                key=("adjustment", one.pk),
            )
        version = self.versions[row.version_id or 0]
        priced_by = self._priced_by(row, version)
        return Line(
            kind=LineKind.PROFILE if version.kind is None else LineKind.RULE,
            name=version.name,
            points=points,
            about=self.about.of(row, version) if id(row) in self.told else "",
            hits=row.hits,
            credited=row.credited,
            each=row.worth,
            earned=row.earned,
            cut=row.cut,
            first_at=row.first_at,
            last_at=row.last_at,
            age=age,
            expires_on=row.expires_on,
            is_expired=row.is_expired,
            version=version.number,
            priced_by=priced_by,
            action_id=row.action_id,
            notes=tuple(notes.of_rule(row, version, priced_by, terms, self.account.day, day)) if self.has_notes else (),
            key=(row.action_id, version.number, row.object_id, row.period),
            subject=self.about.subject(row) if id(row) in self.told else None,
        )

    def _priced_by(self, row: Counted, version: PointActionVersion) -> int | None:
        """The next version of the action that gives as many points as the line is worth, where its own gives others."""
        if row.worth == version.points:
            return None
        later = (
            one for one in self.versions.values() if one.action_id == row.action_id and one.number > version.number
        )
        return next((one.number for one in later if one.points == row.worth), None)


def _newest_of_days(account: Account) -> list[Counted]:
    found = []
    for rows in account.counted.values():
        seen: Counter[date] = Counter()
        for row in rows:
            seen[row.day] += 1
            if seen[row.day] <= TOLD:
                found.append(row)
    return found


class Occasions:
    """On what and when lines were earned, in a few queries for all of them."""

    def __init__(self, contact_id: int, rows: Sequence[Counted], versions: dict[int, PointActionVersion]) -> None:
        self.objects = Subject.objects.in_bulk({row.object_id for row in rows if row.object_id})
        self.firsts = _firsts(contact_id, [row for row in rows if _asks_the_event(row, versions)], versions)
        self.names = subjects.names([*self.objects.values(), *self.firsts.values()])

    def subject(self, row: Counted) -> Subject | None:
        """What the line is about; of an answer the answer, though its object is the form."""
        return self.firsts.get((row.version_id, row.first_at)) or self.objects.get(row.object_id)

    def of(self, row: Counted, version: PointActionVersion) -> str:
        about = self.subject(row)
        name = self.names[about.pk] if about else ""
        return " · ".join(filter(None, [name, _within(row.period, version.repeat)]))


def _asks_the_event(row: Counted, versions: dict[int, PointActionVersion]) -> bool:
    kind = _kind(row, versions) if row.version_id else None
    return kind is not None and (not row.object_id or kind == Kind.FORM_ANSWERED)


def _firsts(
    contact_id: int, rows: Sequence[Counted], versions: dict[int, PointActionVersion]
) -> dict[tuple[int | None, datetime], Subject]:
    """What the first event of a line was about, by the line's version and its time.

    Several may have happened at once, such as the answers of one form: it is one of those that the version counts.
    """
    wanted = {(row.version_id, row.first_at): _kind(row, versions) for row in rows}
    events = Event.objects.filter(contact=contact_id, at__in={at for _id, at in wanted}, subject__isnull=False)
    happened: dict[tuple[int, datetime], list[int]] = {}
    for happened_as, at, subject_id in events.order_by("id").values_list("kind", "at", "subject_id"):
        happened.setdefault((happened_as, at), []).append(subject_id)
    ids = {subject_id for found in happened.values() for subject_id in found}
    counted = set(
        Match.objects.filter(version__in={pk for pk, _at in wanted}, subject__in=ids).values_list("version", "subject")
    )
    known = Subject.objects.in_bulk(ids)
    found = {}
    for (version_id, at), kind in wanted.items():
        about = [pk for pk in happened.get((kind or 0, at), ()) if pk in known]
        if about := [pk for pk in about if (version_id, pk) in counted] or about[:1]:
            found[version_id, at] = known[about[0]]
    return found


def _kind(row: Counted, versions: dict[int, PointActionVersion]) -> int | None:
    return versions[row.version_id or 0].kind


def _within(period: date, repeat: str) -> str:
    if period == NO_PERIOD:
        return ""
    match repeat:
        case Repeat.WEEKLY:
            return _("week of %(day)s") % {"day": date_format(period, "DATE_FORMAT")}
        case Repeat.MONTHLY:
            return date_format(period, "YEAR_MONTH_FORMAT")
    return date_format(period, "DATE_FORMAT")
