"""The score on the contact page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Purpose
from contacts.panels import Panel, panels
from contacts.wording import number, signed
from scoring.explain import GroupStatement, Line, Note, almost, explain, levels, outlook, sentences
from scoring.explain.curve import curve
from scoring.explain.drawing import Frame, draw
from scoring.rulebook import Rulebook

NEWEST = 200  # lines of each group that are listed one by one
SPARK_EVENTS = 20_000  # counted for it at most: a twentieth of a second
SPARK = Frame(width=400, height=48, left=0, right=0, top=3, bottom=3, is_bare=True)


@dataclass(frozen=True)
class Row:
    """A line as the page shows it: hundreds of them are quicker made here than in the template."""

    line: Line
    page: str  # of its rule
    notes: list[Note]
    iso: str
    when: str
    each: str  # “3 × 5”, where it was credited several times
    earned: str
    earned_tone: str
    points: str
    tone: str


@dataclass(frozen=True)
class Card:
    part: GroupStatement
    rows: list[Row] = field(default_factory=list)
    sums: list[tuple[Line, str]] = field(default_factory=list)  # lines that sum up others, and limits


def score(contact: Contact) -> dict[str, Any]:
    statement = explain(contact, limit=NEWEST)
    foreseen = outlook(contact, levels())
    missed = almost(contact)
    return {
        "no_profiling": next((one.why for one in missed.refusals if one.purpose == Purpose.PROFILING), ""),
        "statement": statement,
        "cards": list(cards(statement.groups)),
        "may_adjust": True,
        "almost": missed,
        "outlook": foreseen,
        "crossings": sentences.crossings(foreseen, statement),
        "ahead": sentences.ahead(foreseen, statement),
        "letters": settings.LANGUAGES,
        "today": timezone.localdate(),
        "spark": draw(curve(contact, Rulebook.current(), looks=0, budget=SPARK_EVENTS), (), frame=SPARK),
    }


def cards(parts: Sequence[GroupStatement]) -> Iterator[Card]:
    """The lines of each group that has any, ready to show."""
    pages: dict[int | None, str] = {None: ""}
    for part in parts:
        fades = part.terms.half_life_days is not None
        for line in part.lines:
            if line.action_id not in pages:
                pages[line.action_id] = reverse("admin:scoring_pointaction_change", args=[line.action_id])
        rows = [_row(line, pages[line.action_id], fades) for line in part.lines if line.is_reason]
        sums = [(line, _signed(line.points, fades)) for line in part.lines if not line.is_reason]
        if rows or sums:
            yield Card(part, rows, sums)


def _row(line: Line, page: str, fades: bool) -> Row:
    at = timezone.localtime(line.last_at)
    return Row(
        line=line,
        page=page,
        notes=[note for note in line.notes if note.key != "faded"],
        iso=at.isoformat(),
        when=date_format(at, "SHORT_DATETIME_FORMAT"),
        each=f"{line.credited} × {number(line.each)} = " if line.credited > 1 else "",
        earned=_signed(line.earned, False),
        earned_tone="struck" if line.is_expired else _tone(line.earned),
        points=_signed(line.points, fades and not line.is_void),
        tone=_tone(line.points),
    )


def _signed(value: Decimal | int, cents: bool) -> str:
    return signed(value, 2 if cents else -2)


def _tone(value: Decimal | int) -> str:
    return "plus" if value > 0 else "minus" if value < 0 else "none"


panels.add(Panel("score", _("Score"), "scoring/panel.html", score, position=10))
