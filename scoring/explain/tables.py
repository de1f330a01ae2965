"""A statement as text, for a terminal, and as plain data, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts.wording import labelled, number, signed
from scoring.explain.almost import AlmostCounted, Missed
from scoring.explain.lines import Line
from scoring.explain.statements import GroupStatement, Statement


def text(statement: Statement, almost: AlmostCounted) -> str:
    """The statement in the active language, a table for each group."""
    parts = ["\n".join(_group(part)) for part in statement.groups]
    if statement.is_whole:
        parts.append("\n".join(_overall(statement)))
    if almost:
        parts.append("\n".join(_almost(almost)))
    return "\n\n".join(parts)


def data(statement: Statement, almost: AlmostCounted) -> dict[str, Any]:
    """The same as JSON has it. Points and scores are numbers to the cent."""
    return {
        "day": statement.day.isoformat(),
        "overall": float(statement.overall),
        "limit": float(statement.limit),
        "groups": [
            {
                "group": part.group.name,
                "score": float(part.score),
                "weight": float(part.terms.weight),
                "weighted": float(part.weighted),
                "half_life_days": part.terms.half_life_days,
                "lines": [_line_data(line) for line in part.lines],
            }
            for part in statement.groups
        ],
        "almost": [_missed_data(one) for one in almost.missed],
        "refusals": [{"purpose": one.purpose, "why": one.why} for one in almost.refusals],
    }


def _group(part: GroupStatement) -> Iterator[str]:
    rows = [(_line_name(line), line.about, _day(line), signed(line.points)) for line in part.lines]
    notes = [line.note for line in part.lines]
    rows.append((_("Score"), "", "", number(part.score)))
    yield part.group.name
    table = list(_table(rows))
    for row, note in zip(table, [*notes, ""], strict=True):
        yield row
        if note:
            yield f"      {note}"


def _overall(statement: Statement) -> Iterator[str]:
    rows = [
        (part.group.name, f"{number(part.score)} × {number(part.terms.weight)}", "", number(part.weighted))
        for part in statement.groups
    ]
    if statement.limit:
        rows.append((statement.limit_name, "", "", signed(statement.limit)))
    yield _("Overall score")
    yield from _table([*rows, (_("Score"), "", "", number(statement.overall))])


def _almost(almost: AlmostCounted) -> Iterator[str]:
    yield _("What almost counted")
    for one in almost.missed:
        what = f"{one.name} (v{one.version}) · {one.about} · {_missed(one)}"
        yield f"  {labelled(what, one.why)}"
    for refusal in almost.refusals:
        yield f"  {refusal.why}"


def _missed(one: Missed) -> str:
    return signed(one.lost) if one.lost is not None else f"{one.times} × {signed(one.each)}"


def _table(rows: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, about, day, points in rows:
        yield f"  {name:{widths[0]}}  {about:{widths[1]}}  {day:{widths[2]}}  {points:>{widths[3]}}"


def _line_name(line: Line) -> str:
    return f"{line.name} (v{line.version})" if line.version else line.name


def _day(line: Line) -> str:
    return date_format(timezone.localtime(line.last_at), "SHORT_DATE_FORMAT") if line.last_at else ""


def _line_data(line: Line) -> dict[str, Any]:
    return {
        "kind": line.kind.value,
        "name": line.name,
        "version": line.version,
        "priced_by": line.priced_by,
        "about": line.about,
        "hits": line.hits,
        "credited": line.credited,
        "each": line.each,
        "cut": line.cut,
        "earned": line.earned,
        "points": float(line.points),
        "first_at": line.first_at.isoformat() if line.first_at else None,
        "last_at": line.last_at.isoformat() if line.last_at else None,
        "age_days": line.age,
        "expires_on": line.expires_on.isoformat() if line.expires_on else None,
        "is_expired": line.is_expired,
        "notes": [{"key": note.key, "text": note.text} for note in line.notes],
    }


def _missed_data(one: Missed) -> dict[str, Any]:
    return {
        "reason": one.reason.value,
        "why": one.why,
        "name": one.name,
        "version": one.version,
        "about": one.about,
        "times": one.times,
        "each": one.each,
        "lost": one.lost,
        "last_at": one.last_at.isoformat(),
    }
