"""Kinds of data, and how each is let go of once it is older than it is kept: registered in a module `retention.py`."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone

from contacts import clock
from contacts.models import Contact
from contacts.registry import Registry

Mark = Mapping[str, Any]


class Unit:
    DAYS = "days"
    MONTHS = "months"


@dataclass(frozen=True)
class Due:
    """What is to go: everything before a moment. All before `since` was seen to by an earlier run; None: nothing was.

    `now`: when the run began.
    """

    before: datetime
    now: datetime
    since: datetime | None = None


@dataclass(frozen=True)
class Step:
    """What one step did. `mark`: from where to go on; None when nothing is left."""

    count: int = 0
    mark: Mark | None = None


class Kind:
    """A kind of data: what it is, what becomes of it, how long it is kept if nobody has said anything else."""

    key: ClassVar[str]  # stored in rows: never rename
    position: ClassVar[int]
    label: ClassVar[Any]
    becomes: ClassVar[Any]  # a sentence: what happens to it in the end
    unit: ClassVar[str] = Unit.MONTHS
    default: ClassVar[int | None] = None
    usual: ClassVar[int | None] = None  # what we propose where the default is to keep it for good
    is_fixed: ClassVar[bool] = False  # not for the marketer to decide
    is_proposed: ClassVar[bool] = False  # shown in a list, never done by itself
    is_slow: ClassVar[bool] = False  # to count: after all others

    def before(self, length: int, now: datetime) -> datetime:
        """The beginning of the day, where the instance is, so long ago."""
        today = timezone.localtime(now).date()
        day = today - timedelta(days=length) if self.unit == Unit.DAYS else months_before(today, length)
        return clock.midnight(day)

    def count(self, due: Due, most: int | None = None) -> int:
        """How many would go now, counted no further than `most`."""
        raise NotImplementedError

    def step(self, due: Due, mark: Mark) -> Step:
        """Let go of some, in the caller's transaction. Repeating a step, or all of them, does nothing more."""
        raise NotImplementedError


class Rows(Kind):
    """Rows of one table, a thousand at a time in the order of their keys; those that somebody holds are left for the next run."""

    size: ClassVar[int] = 1000

    def rows(self, due: Due) -> QuerySet[Any]:
        raise NotImplementedError

    def let_go(self, rows: QuerySet[Any]) -> None:
        rows.delete()

    def count(self, due: Due, most: int | None = None) -> int:
        return self.rows(due).order_by().values("pk")[:most].count()

    def step(self, due: Due, mark: Mark) -> Step:
        rows = self.rows(due).order_by("pk")
        model = rows.model._default_manager
        if "after" in mark:
            rows = rows.filter(pk__gt=mark["after"])
        held = rows.select_for_update(skip_locked=True, of=("self",))
        keys = list(held.values_list("pk", flat=True)[: self.size])
        if keys:
            self.let_go(model.filter(pk__in=keys))
        return Step(len(keys), {"after": _plain(keys[-1])} if len(keys) == self.size else None)


class Proposal(Kind):
    """Contacts who might be erased, for a person to decide: nothing goes by itself."""

    is_proposed = True

    def contacts(self, due: Due) -> QuerySet[Contact]:
        raise NotImplementedError

    def count(self, due: Due, most: int | None = None) -> int:
        return self.contacts(due).order_by().values("pk")[:most].count()


kinds: Registry[Kind] = Registry("kind of data")


def in_order() -> list[Kind]:
    return sorted(kinds, key=lambda kind: kind.position)


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("filter"), str):
            yield value["filter"]
        value = list(value.values())
    for part in value if isinstance(value, list) else []:
        yield from _named(part)


def _plain(key: Any) -> Any:
    return key if isinstance(key, int) else str(key)


# --- what the apps above hold while something is let go of ----------------------------------------------------------------


@dataclass
class Holders:
    """How to keep scoring away: from some contacts, or from everything for a moment. The apps above say how.

    `conditions`: where there is JSON that may hold conditions on contacts.
    """

    of_contacts: list[Callable[[Sequence[int]], object]] = field(default_factory=list)
    of_all: list[Callable[[], object]] = field(default_factory=list)
    conditions: list[Callable[[], Iterable[Any]]] = field(default_factory=list)

    def hold(self, contact_ids: Sequence[int]) -> None:
        """Until the transaction ends nobody else changes what these contacts did."""
        for holder in self.of_contacts:
            holder(contact_ids)

    def hold_all(self) -> None:
        """Until the transaction ends no batch is under way."""
        for holder in self.of_all:
            holder()

    def filters(self) -> set[str]:
        """The keys of all filters that some condition names."""
        return {key for given in self.conditions for value in given() for key in _named(value)}


holders = Holders()
