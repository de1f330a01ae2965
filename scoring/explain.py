"""Why this score: every line with its rule, version and occasion; the lines add up to the score exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts.models import Contact
from scoring.models import NO_PERIOD, Adjustment, ContactScore, PointEntry, PointGroup, Repeat
from tracking.models import Event, Subject


@dataclass(frozen=True)
class Line:
    """One reason for points. `points` is what it adds to its group's score."""

    name: str
    about: str  # on what, when: “White paper”, “week of 2 March”
    hits: int
    credited: int
    each: int
    points: int
    first_at: datetime
    last_at: datetime
    version: int | None = None
    action_id: int | None = None
    note: str = ""


@dataclass(frozen=True)
class GroupStatement:
    group: PointGroup
    score: Decimal
    lines: Sequence[Line]

    @property
    def weighted(self) -> Decimal:
        return self.score * self.group.weight


@dataclass(frozen=True)
class Statement:
    """A contact's score, taken apart: Σ lines = each group's score, Σ weighted groups = the overall score."""

    overall: Decimal
    groups: Sequence[GroupStatement]


def explain(contact: Contact) -> Statement:
    """The statement of a contact's score now, in five queries."""
    scores: dict[int | None, Decimal] = dict(
        ContactScore.objects.filter(contact=contact).values_list("group_id", "score")
    )
    lines: dict[int, list[Line]] = {}
    for group_id, line in [*_entries(contact), *_adjustments(contact)]:
        lines.setdefault(group_id, []).append(line)
    groups = [
        GroupStatement(
            group,
            scores.get(group.pk, Decimal()),
            sorted(lines.get(group.pk, []), key=lambda line: line.last_at, reverse=True),
        )
        for group in PointGroup.objects.all()
        if group.archived_at is None or group.pk in lines
    ]
    return Statement(scores.get(None, Decimal()), groups)


def _entries(contact: Contact) -> list[tuple[int, Line]]:
    entries = list(PointEntry.objects.filter(contact=contact).select_related("version"))
    objects = Subject.objects.in_bulk({entry.object_id for entry in entries if entry.object_id})
    firsts = _first_subjects(contact, entries)
    return [
        (
            entry.version.group_id,
            Line(
                name=entry.version.name,
                about=_occasion(
                    entry, objects.get(entry.object_id) or firsts.get((entry.version.kind, entry.first_at))
                ),
                hits=entry.hits,
                credited=entry.credited,
                each=entry.version.points,
                points=entry.points,
                first_at=entry.first_at,
                last_at=entry.last_at,
                version=entry.version.number,
                action_id=entry.action_id,
                note=_note(entry),
            ),
        )
        for entry in entries
    ]


def _first_subjects(contact: Contact, entries: Sequence[PointEntry]) -> dict[tuple[int | None, datetime], Subject]:
    """What the first event of a line was about, for lines whose policy knows no object."""
    times = {entry.first_at for entry in entries if not entry.object_id and entry.version.kind is not None}
    if not times:
        return {}
    events = Event.objects.filter(contact=contact, at__in=times, subject__isnull=False).select_related("subject")
    return {(event.kind, event.at): event.subject for event in events if event.subject}


def _occasion(entry: PointEntry, about: Subject | None) -> str:
    parts = [str(about)] if about else []
    if entry.period != NO_PERIOD:
        day = date_format(entry.period, "DATE_FORMAT")
        match entry.version.repeat:
            case Repeat.WEEKLY:
                parts.append(_("week of %(day)s") % {"day": day})
            case Repeat.MONTHLY:
                parts.append(date_format(entry.period, "YEAR_MONTH_FORMAT"))
            case _:
                parts.append(day)
    return " · ".join(parts)


def _note(entry: PointEntry) -> str:
    if entry.version.kind is None:
        return _("while it is true")
    if entry.credited < entry.hits:
        return _("happened %(hits)d times, counts %(credited)d") % {"hits": entry.hits, "credited": entry.credited}
    return ""


def _adjustments(contact: Contact) -> list[tuple[int, Line]]:
    rows = Adjustment.objects.filter(contact=contact, applied_at__isnull=False).select_related("author")
    return [
        (
            row.group_id,
            Line(
                name=row.get_origin_display(),
                about=str(row.author) if row.author else "",
                hits=1,
                credited=1,
                each=row.points,
                points=row.points,
                first_at=row.at,
                last_at=row.at,
                note=row.note,
            ),
        )
        for row in rows
    ]
