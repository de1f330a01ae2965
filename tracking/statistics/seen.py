"""What was done with one thing in some days: people, and machines apart."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from contacts.wording import whole
from tracking import daysums, statistics_sql, subjects
from tracking.models import Kind, Subject
from tracking.statistics.report import Figure, Span, Table, crowd


class Seen:
    """The counted events of one kind about one thing."""

    def __init__(self, type: Subject.Type, ref_id: int, kind: Kind, days: Span) -> None:
        self.days = days
        self.subject = subjects.find([(type, str(ref_id))]).get((type, str(ref_id)))
        lines, self.is_about = daysums.lines(self.subject, kind, days) if self.subject else ([], False)
        self.lines: dict[str, list[statistics_sql.Counted]] = {}
        for line in lines:
            self.lines.setdefault(line.sort, []).append(line)
        total = self.lines["total"][0] if lines else None
        self.times = total.times if total else 0
        self.by_machines = total.machines if total else 0
        self.people = total.people if total else 0
        self.nameless = total.nameless if total else 0

    @property
    def crowd(self) -> str:
        return crowd(self.people, self.is_about)

    def by_day(self) -> list[tuple[date, int]]:
        counts = {line.name: line.times for line in self.lines.get("day", ())}
        return [(day, counts.get(day.isoformat(), 0)) for day in self.days.days]

    def machines(self) -> list[Figure]:
        return [Figure(_("By machines"), whole(self.by_machines), _("counted nowhere else"))]

    def table(self, sort: str, title: str, unnamed: str = "") -> Table:
        found = self.lines.get(sort, ())
        if self.is_about:
            rows: list[tuple[Any, ...]] = [(line.name or unnamed or "–", line.times) for line in found]
            return Table(title, [title, pgettext("a number of times", "How often")], rows, _("Nothing in these days."))
        rows = [(line.name or unnamed or "–", line.times, line.people) for line in found]
        return Table(
            title, [title, pgettext("a number of times", "How often"), _("People")], rows, _("Nothing in these days.")
        )

    def notes(self) -> list[str]:
        notes = []
        if self.nameless:
            text = ngettext(
                "Once it was somebody who does not allow to be followed: counted, but not among the people.",
                "%(count)s times it was somebody who does not allow to be followed: counted, but not among the people.",
                self.nameless,
            )
            notes.append(text % {"count": whole(self.nameless)})
        if self.is_about:
            notes.append(
                _(
                    "So much happened in these days that people are not counted one by one: their numbers are right to about "
                    "3 percent, and not known by where they came from. With fewer days they are exact."
                )
            )
        if gone := self.lines.get("gone"):
            text = _(
                "Until %(day)s some visits are kept as counts of days only: people are counted anew each day, and where they "
                "came from and what they did next is not known."
            )
            notes.append(text % {"day": date_format(date.fromisoformat(gone[0].name))})
        return notes
