"""What a score is made of before it is put into words: its lines as counted, and the sums they must come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.utils import timezone

from scoring import decay, profiling, sql, valuation
from scoring.models import NO_PERIOD, Adjustment, OverallScore, PointActionVersion, PointGroup
from scoring.rulebook import GroupTerms, Rulebook, group_terms
from scoring.sql import statements


@dataclass(frozen=True)
class Counted:
    """A line of the ledger, or an adjustment, as counted. `occurring`: the hits that its repeat policy lets count."""

    group_id: int
    version_id: int | None
    adjustment_id: int | None
    action_id: int | None
    object_id: int
    period: date
    hits: int
    occurring: int
    credited: int
    cut: int
    worth: int
    first_at: datetime
    last_at: datetime
    expires_on: date | None
    is_expired: bool
    points: int  # before fading

    @cached_property
    def day(self) -> date:
        """On which it was first earned."""
        return decay.day_of(self.first_at)

    @property
    def earned(self) -> int:
        """What it brought, expired or not."""
        return self.credited * self.worth - self.cut


@dataclass(frozen=True)
class Older:
    """Lines that are not listed one by one."""

    count: int
    points: int
    value: float


@dataclass(frozen=True)
class Account:
    """One contact's counting on one day. `sums`: each group's value on that day, before its bounds."""

    day: date
    counted: Mapping[int, Sequence[Counted]]  # by group, newest first
    older: Mapping[int, Older]
    sums: Mapping[int, Decimal]
    terms: Mapping[int, GroupTerms]
    floor: int | None
    ceiling: int | None


def stored(contact_id: int, group_id: int | None = None, limit: int | None = None) -> Account:
    """The account as the ledger has it now."""
    day, terms = decay.today(), [group_terms(group, group.pk, group.epoch) for group in PointGroup.objects.all()]
    overall = OverallScore.objects.first()
    sums = sql.values([contact_id], day, _unbounded(Rulebook((), tuple(terms))).parameters())
    rows = statements.lines(contact_id, group_id, limit)
    rest = [] if limit is None else statements.older(contact_id, group_id, limit, day)
    return Account(
        day=day,
        counted=_by_group(_counted(row) for row in rows),
        older={row.pop("group_id"): Older(**row) for row in rest},
        sums=_of_groups(sums),
        terms={one.id: one for one in terms},
        floor=overall.floor if overall else None,
        ceiling=overall.ceiling if overall else None,
    )


def evaluated(
    contact_id: int, book: Rulebook, at: datetime | None, group_id: int | None = None, limit: int | None = None
) -> Account:
    """The account by a rulebook at an instant (None: now). Adjustments that had been made by then are in it."""
    held = valuation.held(book, [contact_id], at)
    at = at or timezone.now()
    day, terms = decay.day_of(at), {one.id: one for one in book.terms}
    sums = sql.evaluated_scores(_unbounded(book).parameters(), book.shape, [contact_id], at, held)
    rows = _of_rules(sql.evaluated_lines(book.parameters(), book.shape, [contact_id], at, held))
    rows += [_adjusted(one) for one in profiling.counted(Adjustment.objects.filter(contact=contact_id, at__lte=at))]
    rows = [row for row in rows if group_id in (None, row.group_id)]
    rows.sort(key=attrgetter("last_at", "first_at"), reverse=True)
    account = Account(day, _by_group(rows), {}, _of_groups(sums), terms, book.floor, book.ceiling)
    return account if limit is None else shortened(account, limit)


def shortened(account: Account, limit: int) -> Account:
    """The same with the newest lines of each group one by one, and the others summed up."""
    rest = {key: rows[limit:] for key, rows in account.counted.items() if rows[limit:]}
    return replace(
        account,
        counted={key: rows[:limit] for key, rows in account.counted.items()},
        older={key: _summed(rows, account.terms[key], account.day) for key, rows in rest.items()},
    )


def lines(contact_id: int, book: Rulebook, at: datetime | None) -> list[Counted]:
    """The lines by a rulebook at an instant (None: now), newest first, without adjustments."""
    held = valuation.held(book, [contact_id], at)
    rows = _of_rules(sql.evaluated_lines(book.parameters(), book.shape, [contact_id], at or timezone.now(), held))
    return sorted(rows, key=attrgetter("last_at", "first_at"), reverse=True)


def lossy(contact_id: int, limit: int) -> list[Counted]:
    """The newest lines of the ledger, `limit` of each group, in which something was not counted."""
    return [_counted(row) for row in statements.lossy(contact_id, limit)]


def value_on(day: date, row: Counted, terms: GroupTerms) -> float:
    """What a line is worth on a day, to more than a cent."""
    return decay.faded(row.points, (day - row.day).days, terms.half_life_days)


def _unbounded(book: Rulebook) -> Rulebook:
    return replace(
        book,
        terms=tuple(replace(one, floor=None, ceiling=None) for one in book.terms),
        floor=None,
        ceiling=None,
    )


def _of_groups(values: Mapping[tuple[int, int | None], Decimal]) -> dict[int, Decimal]:
    return {group: Decimal(value) for (_contact, group), value in values.items() if group is not None}


def _by_group(rows: Iterable[Counted]) -> dict[int, list[Counted]]:
    found: dict[int, list[Counted]] = {}
    for row in rows:
        found.setdefault(row.group_id, []).append(row)
    return found


def _summed(rows: Sequence[Counted], terms: GroupTerms, day: date) -> Older:
    value = sum(value_on(day, row, terms) for row in rows)
    return Older(len(rows), sum(row.points for row in rows), value)


def _counted(row: Mapping[str, Any]) -> Counted:
    return Counted(**{name: row[name] for name in Counted.__dataclass_fields__})


def _of_rules(rows: Sequence[Mapping[str, Any]]) -> list[Counted]:
    """Evaluated lines; where versions of an action share an occurrence, the earlier version's hits come first."""
    caps = dict(
        PointActionVersion.objects.filter(pk__in={row["version_id"] for row in rows}).values_list(
            "pk", "occurrence_cap"
        )
    )

    def occurrence(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return row["action_id"], row["object_id"], row["period"]

    found = []
    for _key, sharing in groupby(sorted(rows, key=lambda row: (*occurrence(row), row["number"])), occurrence):
        before = 0
        for row in sharing:
            cap = caps[row["version_id"]]
            occurring = row["hits"] if cap is None else max(0, min(row["hits"], cap - before))
            before += row["hits"]
            found.append(_counted({**row, "occurring": occurring, "adjustment_id": None}))
    return found


def _adjusted(one: Adjustment) -> Counted:
    return Counted(
        group_id=one.group_id,
        version_id=None,
        adjustment_id=one.pk,
        action_id=None,
        object_id=0,
        period=NO_PERIOD,
        hits=1,
        occurring=1,
        credited=1,
        cut=0,
        worth=one.points,
        first_at=one.at,
        last_at=one.at,
        expires_on=None,
        is_expired=False,
        points=one.points,
    )
