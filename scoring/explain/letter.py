"""One page that tells a person why they have, or had, their score: what was considered, what was not, and how it adds up.

In the language asked for, in plain words, without remarks or names of anybody else. It is made of the same statement as the
contact page and the time machine; what each rule counted is told once, as what the person did or is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.utils import parseaddr

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import Contact
from contacts.wording import labelled, number, signed
from scoring import decay, wording
from scoring.explain.almost import almost
from scoring.explain.letter_rules import Rules, given, listed
from scoring.explain.letter_uncounted import uncounted
from scoring.explain.lines import Line, LineKind
from scoring.explain.statements import GroupStatement, Statement, explain
from scoring.rulebook import GroupTerms

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
OCCASIONS = 6  # that a row names
BESIDE = 40  # letters beside what was done
LONG = 9  # rows that go on one page as they are


@dataclass(frozen=True)
class Row:
    """What one rule gave. `points` of all rows of a group sum to its score."""

    name: str
    details: Sequence[str]
    when: str
    earned: str  # when it happened
    points: Decimal

    @property
    def shown(self) -> str:
        return signed(self.points)


@dataclass(frozen=True)
class Part:
    """One group's score."""

    name: str
    score: str
    terms: Sequence[str]  # how its points are read, a sentence each
    rows: Sequence[Row]
    two_columns: bool  # what was earned is not what is left

    @property
    def is_empty(self) -> bool:
        return not self.rows


@dataclass(frozen=True)
class Sum:
    name: str
    how: str  # “35 × 2”
    points: Decimal

    @property
    def shown(self) -> str:
        return signed(self.points)


@dataclass(frozen=True)
class Letter:
    language: str
    title: str
    sender: str
    address: str  # to answer to
    person: str
    email: str
    day: str
    score: str
    opening: Sequence[str]
    parts: Sequence[Part]
    sums: Sequence[Sum]  # how the scores of the groups make the overall score; empty where one is all of it
    uncounted: Sequence[str]
    closing: Sequence[str]
    headings: dict[str, str]

    @property
    def is_long(self) -> bool:
        return sum(len(part.rows) for part in self.parts) > LONG

    def html(self) -> str:
        """A page that stands alone."""
        with translation.override(self.language):
            return render_to_string("scoring/letter.html", {"letter": self})


def letter(contact: Contact, language: str, at: datetime | None = None) -> Letter:
    """The explanation of a contact's score now, or at a moment by the rules of then, in a language of the instance."""
    if language not in LANGUAGES:
        raise ValueError(language)
    with translation.override(language):
        return _letter(contact, language, at)


def _letter(contact: Contact, language: str, at: datetime | None) -> Letter:
    statement = explain(contact, at=at)
    sender, address = organisation()
    day = date_format(statement.day)
    score = number(statement.overall)
    shown = [part for part in statement.groups if part.lines or part.score]
    missed = almost(contact, at=at)
    rules = Rules(contact, shown, missed, is_past=at is not None)
    return Letter(
        language=language,
        title=_("Why do I have this score?"),
        sender=sender,
        address=address,
        person=str(contact),
        email=contact.email or "",
        day=day,
        score=score,
        opening=_opening(sender, day, score),
        parts=list(_parts(shown, rules, _("on this day") if at else _("at present"))),
        sums=_sums(statement, shown),
        uncounted=list(uncounted(missed, rules)),
        closing=_closing(address),
        headings={
            "for": _("For"),
            "score": _("Your score"),
            "what": _("What was considered"),
            "when": _("When"),
            "earned": _("Points then"),
            "left": _("Points on this day") if at else _("Points today"),
            "points": _("Points"),
            "sum": _("Sum"),
            "overall": _("How the parts make your score"),
            "uncounted": _("What was not considered"),
            "rights": _("What it is used for, and your rights"),
            "nothing": _("Nothing: there are no points."),
        },
    )


def organisation() -> tuple[str, str]:
    """Who explains, as people know them, and where to write to."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return settings.ORGANISATION_NAME or name or settings.PUBLIC_HOST, address


def _opening(sender: str, day: str, score: str) -> list[str]:
    values = {"sender": sender, "day": day, "score": score}
    return [
        _("On %(day)s your score at %(sender)s was %(score)s.") % values,
        _(
            "A score is a sum of points: for things you did, and for things we know about you, by rules that are the same for "
            "everybody. This page lists every rule that gave or took points, and what it counted. Nothing else is part of it."
        ),
    ]


def _closing(address: str) -> list[str]:
    return [
        _(
            "The score helps us to decide whom to contact, when and about what. Reaching certain scores can start a message to "
            "you, put you on a list, or tell one of us to call."
        ),
        _(
            "You can ask us for a copy of what we know about you, to correct it, to erase it, or to stop counting points for "
            "you: write to %(address)s."
        )
        % {"address": address},
    ]


# --- what was considered ----------------------------------------------------------------------------------------------


def _parts(statements: Sequence[GroupStatement], rules: Rules, present: str) -> Iterator[Part]:
    for part in statements:
        lines_of: dict[tuple[str, object], list[Line]] = {}
        for line in part.lines:
            lines_of.setdefault((line.kind.value, line.action_id or line.name), []).append(line)
        rows = [_row(lines, rules, present) for lines in lines_of.values()]
        rows.sort(key=lambda row: (row.when == "", -abs(row.points)))  # limits last
        yield Part(
            name=part.group.name,
            score=number(part.score),
            terms=list(_terms(part.terms)),
            rows=rows,
            two_columns=any(line.points != line.earned for line in part.lines if line.is_reason),
        )


def _row(lines: Sequence[Line], rules: Rules, present: str) -> Row:
    first, name, about = lines[0], lines[0].name, ""
    if first.action_id:
        name = rules.told(first.action_id)
        about = rules.known(first.action_id) if first.kind == LineKind.PROFILE else _counted(lines, rules)
        if len(about) <= BESIDE and sum(line.credited for line in lines) == 1:
            name, about = labelled(name, about) if about else name, ""
    elif first.is_reason:
        name = given(first.origin)
    return Row(
        name=name,
        details=[detail for detail in (about, *_details(lines)) if detail],
        when=present if first.kind == LineKind.PROFILE else _when(lines),
        earned=signed(Decimal(sum(line.earned for line in lines))) if first.is_reason else "",
        points=sum((line.points for line in lines), Decimal()),
    )


def _details(lines: Sequence[Line]) -> Iterator[str]:
    """What limits it, for all lines of a rule together."""
    yield from dict.fromkeys(note.text for line in lines for note in line.notes if note.key in ("cap", "taken"))
    if cut := sum(line.cut for line in lines):
        yield ngettext(
            "%(count)d point was not counted: this part takes no more",
            "%(count)d points were not counted: this part takes no more",
            cut,
        ) % {"count": cut}
    if expired := sum(1 for line in lines if line.is_expired):
        yield _("expired: %(count)d of %(all)d") % {"count": expired, "all": len(lines)}


def _counted(lines: Sequence[Line], rules: Rules) -> str:
    """“3 × +5: White paper, Price list”."""
    credited, each = sum(line.credited for line in lines), {line.each for line in lines}
    times = ngettext("%(count)d time", "%(count)d times", credited) % {"count": credited}
    if len(each) == 1:
        times = f"{credited} × {signed(Decimal(each.pop()))}"
    about = listed(rules.things([line for line in lines if line.credited] or lines), OCCASIONS)
    if credited == 1:
        return about
    return _("%(times)s: %(what)s") % {"times": times, "what": about} if about else times


def _when(lines: Sequence[Line]) -> str:
    times = [moment for line in lines for moment in (line.first_at, line.last_at) if moment]
    if not times:
        return ""
    first, last = decay.day_of(min(times)), decay.day_of(max(times))
    if first == last:
        return date_format(first, "SHORT_DATE_FORMAT")
    begin = date_format(first, "MONTH_DAY_FORMAT" if first.year == last.year else "SHORT_DATE_FORMAT")
    return f"{begin} – {date_format(last, 'SHORT_DATE_FORMAT')}"


def _terms(terms: GroupTerms) -> Iterator[str]:
    if terms.half_life_days:
        yield ngettext(
            "Points lose half of their worth every day.",
            "Points lose half of their worth every %(count)d days.",
            terms.half_life_days,
        ) % {"count": terms.half_life_days}
    if terms.cap_points is not None:
        yield _("What you do can bring %(limit)s here.") % {"limit": wording.group_cap(terms)}
    if bounds := wording.bounds(terms.floor, terms.ceiling):
        yield _("This part of the score has limits: %(bounds)s.") % {"bounds": bounds}


def _sums(statement: Statement, told: Sequence[GroupStatement]) -> list[Sum]:
    if len(told) < 2 and all(part.terms.weight == 1 for part in told) and not statement.limit:
        return []
    sums = [Sum(part.group.name, f"{number(part.score)} × {number(part.terms.weight)}", part.weighted) for part in told]
    if statement.limit:
        sums.append(Sum(statement.limit_name, "", statement.limit))
    return sums


def file_name(contact: Contact, form: str, at: datetime | None = None) -> str:
    return f"score-{contact.pk}-{timezone.localdate(at):%Y-%m-%d}.{form}"
