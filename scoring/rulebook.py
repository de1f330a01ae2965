"""The rulebook: which version counts which events, at how many points, and how each group's lines are read as a score.

The rules in force are one rulebook; so are those of any moment of the past, and what a draft would make of them. The
engine scores by any of them (scoring.valuation), and live by the one in force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from scoring.models import (
    TERMS,
    CapPeriod,
    CapUnit,
    OverallScore,
    PointActionVersion,
    PointGroup,
    Repeat,
    Rule,
    Terms,
    TermsVersion,
    Validity,
)
from scoring.sql import Shape


@dataclass(frozen=True)
class Interval:
    """A version counts the events of [valid_from, valid_until), each credit worth so many points."""

    version_id: int
    action_id: int
    valid_from: datetime
    valid_until: datetime
    worth: int
    is_wide: bool = False


@dataclass(frozen=True)
class GroupTerms:
    id: int
    epoch: Any
    weight: Any
    half_life_days: int | None
    floor: int | None
    ceiling: int | None
    cap_points: int | None
    cap_period: str


@dataclass(frozen=True)
class Rulebook:
    intervals: tuple[Interval, ...]
    terms: tuple[GroupTerms, ...]
    floor: int | None = None
    ceiling: int | None = None

    @classmethod
    def current(cls) -> Rulebook:
        """The rules in force now."""
        versions = [v for v in PointActionVersion.objects.all() if v.valid_from < v.valid_until]
        intervals = (Interval(v.pk, v.action_id, v.valid_from, v.valid_until, v.worth, v.is_wide) for v in versions)
        bounds = OverallScore.objects.first()
        terms = tuple(group_terms(group, group.pk, group.epoch) for group in PointGroup.objects.all())
        return cls(tuple(intervals), terms, bounds.floor if bounds else None, bounds.ceiling if bounds else None)

    @classmethod
    def as_of(cls, at: datetime) -> Rulebook:
        """The rules as they stood at a moment, whatever was published since."""
        return RuleHistory.load(at, at).at(at)

    def only(self, action_ids: Collection[int]) -> Rulebook:
        """The same with these actions alone."""
        return replace(self, intervals=tuple(one for one in self.intervals if one.action_id in action_ids))

    def with_intervals(self, action_id: int, intervals: Iterable[Interval]) -> Rulebook:
        """The same with other intervals for one action."""
        others = [one for one in self.intervals if one.action_id != action_id]
        return replace(self, intervals=(*others, *intervals))

    def with_terms(self, terms: GroupTerms) -> Rulebook:
        """The same with other terms for one group."""
        return replace(self, terms=tuple(terms if one.id == terms.id else one for one in self.terms))

    @property
    def version_ids(self) -> list[int]:
        return [one.version_id for one in self.intervals]

    @property
    def shape(self) -> Shape:
        actions = [one.action_id for one in self.intervals]
        return Shape(
            wide=any(one.is_wide for one in self.intervals),
            cuts=any(one.cap_points is not None for one in self.terms),
            several=len(set(actions)) < len(actions),
        )

    def parameters(self) -> dict[str, Any]:
        """What the statements of scoring.sql.valuation read a rulebook from."""
        return {
            "intervals": _json([asdict(one) for one in self.intervals]),
            "terms": _json([asdict(one) for one in self.terms]),
            "floor": self.floor,
            "ceiling": self.ceiling,
        }


@dataclass(frozen=True)
class RuleHistory:
    """The rules of a stretch of time, loaded once: the rulebook of any of its moments, in a few queries for all of them."""

    since: datetime
    until: datetime
    validities: tuple[Validity, ...]
    terms: tuple[TermsVersion, ...]
    groups: tuple[PointGroup, ...]
    overall: OverallScore | None

    @classmethod
    def load(cls, since: datetime, until: datetime) -> RuleHistory:
        validities = Validity.objects.filter(known_from__lte=until, known_until__gt=since).select_related("version")
        terms = TermsVersion.objects.order_by("group_id", "number")
        return cls(
            since, until, tuple(validities), tuple(terms), tuple(PointGroup.objects.all()), OverallScore.objects.first()
        )

    @property
    def turns(self) -> list[datetime]:
        """When something changed, within."""
        moments = {moment for one in self.validities for moment in (one.known_from, one.known_until)}
        moments |= {one.known_from for one in self.terms}
        return sorted(moment for moment in moments if self.since < moment <= self.until)

    def at(self, at: datetime) -> Rulebook:
        """The rules as they stood at a moment within."""
        rows = [row for row in self.validities if row.known_from <= at < row.known_until]
        wide = wide_actions([row.version for row in rows])
        known = self._known(at)
        overall = known.get(None) or self.overall
        return Rulebook(
            tuple(_interval(row, row.version.action_id in wide) for row in rows),
            tuple(_stood(known.get(group.pk), group) for group in self.groups),
            overall.floor if overall else None,
            overall.ceiling if overall else None,
        )

    def _known(self, at: datetime) -> dict[int | None, TermsVersion]:
        """The terms of each group then; before its first, that one."""
        known: dict[int | None, TermsVersion] = {}
        for version in self.terms:
            if version.group_id not in known or version.known_from <= at:
                known[version.group_id] = version
        return known


def group_terms(terms: Terms, group_id: int, epoch: Any) -> GroupTerms:
    return GroupTerms(id=group_id, epoch=epoch, **{name: getattr(terms, name) for name in TERMS})


def is_wide(rule: Rule) -> bool:
    """Does the rule's own cap reach over several occurrences, or over credits at different prices?"""
    daily_per_object = rule.repeat == Repeat.ALWAYS and rule.cap_period == CapPeriod.DAY and rule.cap_per_object
    return rule.cap_amount is not None and not (daily_per_object and rule.cap_unit == CapUnit.CREDITS)


def wide_actions(versions: Iterable[PointActionVersion]) -> set[int]:
    """The actions among whose versions one has a wide cap, or which changed their repeat policy."""
    policies: dict[int, set[str]] = {}
    wide = set()
    for version in versions:
        if version.kind is None:
            continue
        policies.setdefault(version.action_id, set()).add(version.repeat)
        if is_wide(version) or len(policies[version.action_id]) > 1:
            wide.add(version.action_id)
    return wide


def _interval(row: Validity, is_wide: bool) -> Interval:
    return Interval(row.version_id, row.version.action_id, row.valid_from, row.valid_until, row.worth, is_wide)


def _stood(terms: TermsVersion | None, group: PointGroup) -> GroupTerms:
    if terms is None:
        return group_terms(group, group.pk, group.epoch)
    return group_terms(terms, group.pk, terms.epoch or group.epoch)


def _json(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()
