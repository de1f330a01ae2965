"""What is foreseen of a score, in the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts.wording import number
from scoring.explain.outlook import Crossing, Outlook
from scoring.explain.statements import Statement


@dataclass(frozen=True)
class Ahead:
    """One score, as it will show in so many days."""

    name: str
    now: Decimal
    values: Sequence[Decimal]


def crossings(outlook: Outlook, statement: Statement) -> list[str]:
    """On which day each level will be passed."""
    names = _names(statement)
    return [crossing(one, names) for one in outlook.crossings if one.level.group_id in names]


def crossing(one: Crossing, names: Mapping[int | None, str]) -> str:
    values = {
        "score": names[one.level.group_id],
        "level": number(one.level.value),
        "name": one.level.name,
        "day": date_format(one.day, "DATE_FORMAT"),
    }
    if one.is_up:
        return _("%(score)s will rise to %(level)s or more – %(name)s – on %(day)s if nothing happens.") % values
    return _("%(score)s will fall below %(level)s – %(name)s – on %(day)s if nothing happens.") % values


def ahead(outlook: Outlook, statement: Statement) -> list[Ahead]:
    """What the scores that will change show later."""
    none = Decimal()
    rows = [
        Ahead(name, outlook.now.get(key, none), [values.get(key, none) for values in outlook.ahead.values()])
        for key, name in _names(statement).items()
    ]
    return [row for row in rows if any(value != row.now for value in row.values)]


def _names(statement: Statement) -> dict[int | None, str]:
    return {None: _("The overall score"), **{part.group.pk: part.group.name for part in statement.groups}}
