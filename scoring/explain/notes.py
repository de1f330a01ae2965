"""What there is to say about a line beside its points: why it counts less than it might, and until when it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.wording import signed
from scoring import wording
from scoring.explain.accounts import Counted
from scoring.models import Adjustment, PointActionVersion, Repeat, Rule
from scoring.rulebook import GroupTerms


@dataclass(frozen=True)
class Note:
    """`key` says what it is about, for code: repeat, taken, cap, group_cap, expired, expires, faded, holds, priced, retired
    or remark."""

    key: str
    text: str

    @property
    def is_loss(self) -> bool:
        """Does it say that something was not counted?"""
        return self.key in ("taken", "cap", "group_cap", "expired")


def of_rule(
    row: Counted, version: PointActionVersion, priced_by: int | None, terms: GroupTerms, day: date, line_day: date
) -> Iterator[Note]:
    if version.kind is None:
        yield Note("holds", _("while it is true"))
    else:
        yield from _uncredited(row, version)
    if row.cut:
        yield Note("group_cap", cut(row.cut, row.credited * row.worth, terms))
    if priced_by:
        values = {"own": version.number, "other": priced_by, "now": signed(row.worth), "then": signed(version.points)}
        text = _("counted by version %(own)d, worth what version %(other)d gives: %(now)s instead of %(then)s") % values
        yield Note("priced", text)
    if row.is_expired and row.expires_on:
        yield Note("expired", expired(row.expires_on))
    elif row.expires_on:
        yield Note("expires", _("expires on %(day)s") % {"day": _day(row.expires_on)})
    yield from faded(row.points, (day - line_day).days, terms)
    if not version.action.is_active:
        archived = version.action.archived_at is not None
        yield Note("retired", _("the rule has been archived since") if archived else _("the rule is switched off now"))


def of_adjustment(row: Counted, adjustment: Adjustment, terms: GroupTerms, age: int) -> Iterator[Note]:
    if adjustment.note:
        yield Note("remark", adjustment.note)
    yield from faded(row.points, age, terms)


def faded(points: int, age: int, terms: GroupTerms) -> Iterator[Note]:
    if points and age > 0 and terms.half_life_days:
        values = {"points": signed(points), "days": age}
        yield Note(
            "faded", ngettext("%(points)s a day ago, fading", "%(points)s %(days)d days ago, fading", age) % values
        )


def repeated(hits: int, credited: int) -> str:
    return _("happened %(hits)d times, counts %(credited)d") % {"hits": hits, "credited": credited}


def policy(rule: Rule) -> str:
    return _("counts less often: %(policy)s") % {"policy": rule.get_repeat_display()}


def over_cap(rule: Rule) -> str:
    return _("limit reached: %(limit)s") % {"limit": wording.cap(rule)}


def cut(points: int, earned: int, terms: GroupTerms) -> str:
    values = {"cut": points, "earned": earned, "limit": wording.group_cap(terms)}
    return _("%(cut)d of %(earned)d points not counted: the group takes %(limit)s") % values


def expired(day: date) -> str:
    return _("expired on %(day)s") % {"day": _day(day)}


def taken() -> str:
    return _("already counted under an earlier version of the rule")


def _uncredited(row: Counted, version: PointActionVersion) -> Iterator[Note]:
    """A repeat policy counts some of the hits (`occurring`); a cap over several occurrences perhaps fewer."""
    if row.occurring == 0:
        yield Note("taken", taken())
    elif row.credited < row.occurring:
        yield Note("cap", over_cap(version) if version.cap_amount is not None else taken())
    if row.hits > 1 and row.credited < row.hits:
        yield Note("repeat", repeated(row.hits, row.credited))
    if row.occurring and row.occurring < row.hits and version.repeat == Repeat.ALWAYS:
        yield Note("cap", over_cap(version))


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
