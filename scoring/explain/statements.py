"""The statement of a score: lines that add up to each group's score, and groups that add up to the overall score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import Contact
from contacts.wording import number
from scoring.decay import CENT, cents
from scoring.explain.accounts import Account, evaluated, shortened, stored, value_on
from scoring.explain.cents import apportioned
from scoring.explain.lines import Line, LineKind, Telling, Words
from scoring.models import PointGroup
from scoring.rulebook import GroupTerms, Rulebook


@dataclass(frozen=True)
class GroupStatement:
    """One group's score, taken apart: Σ `points` of `lines` is `score`, to the cent."""

    group: PointGroup
    terms: GroupTerms  # of the day asked about
    score: Decimal
    weighted: Decimal  # its part of the overall score
    lines: Sequence[Line]

    @property
    def reasons(self) -> list[Line]:
        """The lines about something that happened, is true or was given."""
        return [line for line in self.lines if line.is_reason]


@dataclass(frozen=True)
class Statement:
    """A contact's score, taken apart: Σ `weighted` of the groups, and `limit`, is `overall`, to the cent."""

    day: date
    overall: Decimal
    groups: Sequence[GroupStatement]
    limit: Decimal = Decimal()  # what the lowest or highest overall score adds or takes
    limit_name: str = ""
    account: Account | None = field(default=None, repr=False, compare=False)  # what it was made from

    @property
    def is_whole(self) -> bool:
        """Are all its groups there, so that they add up?"""
        return sum((part.weighted for part in self.groups), self.limit) == self.overall


def explain(
    contact: Contact,
    *,
    group: PointGroup | None = None,
    at: datetime | None = None,
    book: Rulebook | None = None,
    limit: int | None = None,
    telling: Telling = Telling.ALL,
) -> Statement:
    """The statement of a contact's score: as the ledger has it now, or as a rulebook makes it (at an instant).

    `at` without a `book` asks for the rules in force then. `group` lists the lines of one group alone; its part of the
    overall score stays what it is. `limit` lists the newest lines of each group and sums the rest up in one. The number
    of queries does not depend on the lines.
    """
    only = group.pk if group else None
    if at and not book:
        book = Rulebook.as_of(at)
    account = evaluated(contact.pk, book, at, only, limit) if book else stored(contact.pk, only, limit)
    return _statement(contact, account, only, telling)


def told_again(contact: Contact, statement: Statement, telling: Telling, limit: int | None = None) -> Statement:
    """A statement of all groups in other words, or with fewer lines one by one; nothing is counted anew."""
    if statement.account is None:
        raise ValueError("made from no account")
    account = statement.account if limit is None else shortened(statement.account, limit)
    return _statement(contact, account, None, telling)


def _statement(contact: Contact, account: Account, only: int | None, telling: Telling) -> Statement:
    scores = {key: _within(total, account.terms[key]) for key, total in account.sums.items()}
    exact = {key: account.terms[key].weight * score for key, score in scores.items()}
    total = cents(sum(exact.values(), Decimal()))
    weighted = dict(zip(exact, apportioned(list(exact.values()), total), strict=True))
    words = Words(contact.pk, account, telling)
    groups = []
    for group in PointGroup.objects.all():
        known = bool(account.counted.get(group.pk) or account.older.get(group.pk) or scores.get(group.pk))
        if only in (None, group.pk) and (known or group.archived_at is None):
            score, part = scores.get(group.pk, Decimal()), weighted.get(group.pk, Decimal())
            lines = _lines(group.pk, account, words, score)
            groups.append(GroupStatement(group, account.terms[group.pk], score, part, lines))
    overall = _bounded(total, account.floor, account.ceiling)
    return Statement(account.day, overall, groups, overall - total, _limit_name(overall - total), account)


def _lines(group_id: int, account: Account, words: Words, score: Decimal) -> list[Line]:
    rows, older = account.counted.get(group_id, ()), account.older.get(group_id)
    terms, total = account.terms[group_id], account.sums.get(group_id, Decimal())
    amounts = [value_on(account.day, row, terms) for row in rows] + ([older.value] if older else [])
    explained = cents(sum(amounts))
    pending = total - explained if abs(total - explained) > CENT else Decimal()
    shares = apportioned(amounts, total - pending)
    lines = [words.line(row, share) for row, share in zip(rows, shares, strict=False)]
    if older:
        name = ngettext("%(count)d older line", "%(count)d older lines", older.count) % {"count": older.count}
        lines.append(Line(LineKind.OLDER, name, shares[-1], credited=older.count, earned=older.points))
    if pending:
        lines.append(Line(LineKind.PENDING, _("a change of the rules that is still being carried out"), pending))
    if limited := score - total:
        bound = terms.floor if limited > 0 else terms.ceiling
        lines.append(Line(LineKind.LIMIT, f"{_limit_name(limited)} ({number(bound or 0)})", limited))
    return lines


def _within(total: Decimal, terms: GroupTerms) -> Decimal:
    return _bounded(total, terms.floor, terms.ceiling)


def _bounded(total: Decimal, floor: int | None, ceiling: int | None) -> Decimal:
    total = total if ceiling is None else min(total, Decimal(ceiling))
    return total if floor is None else max(total, Decimal(floor))


def _limit_name(limited: Decimal) -> str:
    if limited > 0:
        return _("raised to the lowest score")
    return _("limited to the highest score") if limited else ""
