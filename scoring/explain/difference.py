"""The difference between two scores of one contact – two instants, two rulebooks, or both – split by rule, with no remainder.

Where both differ, time passes first, under the rules of the earlier side; then the rules change:

    before ──what happened, faded, expired──► the later instant by the earlier rules ──the rules changed──► after
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext as _

from contacts.models import Contact
from scoring.decay import day_of, faded
from scoring.explain.cents import apportioned
from scoring.explain.lines import Line, LineKind, Telling
from scoring.explain.statements import GroupStatement, Statement, explain
from scoring.models import PointGroup
from scoring.rulebook import GroupTerms, Rulebook

NONE = Decimal()


@dataclass(frozen=True)
class Side:
    """One of the two scores that are compared."""

    at: datetime
    book: Rulebook


class Part(StrEnum):
    """What makes points differ."""

    HAPPENED = "happened"  # also what began or ceased to be true, and what was given by hand
    FADED = "faded"
    EXPIRED = "expired"
    CHANGED = "changed"  # the rules did


class Fate(StrEnum):
    NEW = "new"
    GONE = "gone"
    KEPT = "kept"


@dataclass(frozen=True)
class RuleDifference:
    """One rule's points (or those given by hand, or the limit of the group) on both sides: Σ `parts` is `points`."""

    kind: LineKind
    name: str
    action_id: int | None
    before: Decimal
    after: Decimal
    parts: Mapping[Part, Decimal]
    fate: Fate
    versions: tuple[str, str]  # that counted: “v1”, “v1, v2”

    @property
    def points(self) -> Decimal:
        return self.after - self.before

    @property
    def has_other_versions(self) -> bool:
        return self.fate == Fate.KEPT and self.versions[0] != self.versions[1]


@dataclass(frozen=True)
class GroupDifference:
    """One group's score on both sides: Σ `points` of `rules` is `points`."""

    group: PointGroup
    before: Decimal
    after: Decimal
    weights: tuple[Decimal, Decimal]
    weighted: tuple[Decimal, Decimal]  # its parts of the overall scores
    rules: Sequence[RuleDifference]

    @property
    def points(self) -> Decimal:
        return self.after - self.before

    @property
    def of_overall(self) -> Decimal:
        """Its part of the difference of the overall score."""
        return self.weighted[1] - self.weighted[0]

    @property
    def moved(self) -> list[RuleDifference]:
        return [rule for rule in self.rules if rule.points or any(rule.parts.values())]

    @property
    def still(self) -> list[RuleDifference]:
        moved = self.moved
        return [rule for rule in self.rules if rule not in moved]


@dataclass(frozen=True)
class Difference:
    """Σ `of_overall` of the groups, and `limit`, is `points`."""

    before: Statement
    after: Statement
    groups: Sequence[GroupDifference]

    @property
    def parts(self) -> list[Part]:
        """Those that there are."""
        found = {part for group in self.groups for rule in group.rules for part in rule.parts}
        return [part for part in Part if part in found]

    @property
    def points(self) -> Decimal:
        return self.after.overall - self.before.overall

    @property
    def limit(self) -> Decimal:
        """What the lowest and highest overall score add or take more than before."""
        return self.after.limit - self.before.limit


def difference(contact: Contact, before: Side, after: Side) -> Difference:
    """What makes the score `after` differ from that `before`, by group and rule, to the cent."""
    first = explain(contact, at=before.at, book=before.book, telling=Telling.SUMS)
    last = explain(contact, at=after.at, book=after.book, telling=Telling.SUMS)
    between = last
    if not same_rules(before.book, after.book):
        between = first
        if before.at != after.at:
            between = explain(contact, at=after.at, book=before.book, telling=Telling.SUMS)
    groups = {part.group.pk: part.group for statement in (first, last) for part in statement.groups}
    ordered = [group for group in PointGroup.objects.all() if group.pk in groups]
    return Difference(first, last, [_of_group(group, first, between, last) for group in ordered])


def same_rules(one: Rulebook, other: Rulebook) -> bool:
    return (
        set(one.intervals) == set(other.intervals)
        and {_terms(terms) for terms in one.terms} == {_terms(terms) for terms in other.terms}
        and (one.floor, one.ceiling) == (other.floor, other.ceiling)
    )


def _terms(terms: GroupTerms) -> tuple[object, ...]:
    """All but the epoch, which changes how a score is kept and not what it is."""
    return tuple(value for name, value in vars(terms).items() if name != "epoch")


def _of_group(group: PointGroup, *statements: Statement) -> GroupDifference:
    first, between, last = (
        next((part for part in statement.groups if part.group.pk == group.pk), None) for statement in statements
    )
    sides = [_Totals(part) for part in (first, between, last)]
    keys = dict.fromkeys(key for side in reversed(sides) for key in side.lines)
    rules = [_of_rule(*(side.of(key) for side in sides)) for key in keys]
    rules.sort(key=lambda rule: (rule.kind == LineKind.LIMIT, -abs(rule.points), rule.name))
    return GroupDifference(
        group=group,
        before=first.score if first else NONE,
        after=last.score if last else NONE,
        weights=(first.terms.weight if first else NONE, last.terms.weight if last else NONE),
        weighted=(first.weighted if first else NONE, last.weighted if last else NONE),
        rules=rules,
    )


class _Totals:
    """The lines of a group's statement, by rule."""

    def __init__(self, part: GroupStatement | None) -> None:
        self.terms = part.terms if part else None
        self.lines: dict[tuple[str, object], list[Line]] = {}
        for line in part.lines if part else ():
            self.lines.setdefault(_key(line), []).append(line)

    def of(self, key: tuple[str, object]) -> _Total:
        return _Total(self.lines.get(key, []), self.terms.half_life_days if self.terms else None)


class _Total:
    """What one rule gives, in cents as stated, and exactly: what was earned, less what faded, less what expired."""

    def __init__(self, lines: Sequence[Line], half_life: int | None) -> None:
        self.lines = lines
        self.points = sum((line.points for line in lines), NONE)
        self.earned = sum(line.earned for line in lines)
        left = [(line, faded(line.earned, _age(line), half_life)) for line in lines]
        self.faded = sum(value - line.earned for line, value in left)
        self.expired = -sum(value for line, value in left if line.is_expired)

    @property
    def exact(self) -> float:
        return self.earned + self.faded + self.expired

    @property
    def versions(self) -> str:
        return ", ".join(f"v{number}" for number in sorted({line.version for line in self.lines if line.version}))


def _of_rule(first: _Total, between: _Total, last: _Total) -> RuleDifference:
    told = (last.lines or first.lines or between.lines)[0]
    points = last.points - first.points
    fate = Fate.KEPT if first.lines and last.lines else Fate.NEW if last.lines else Fate.GONE
    return RuleDifference(
        kind=told.kind,
        name=_name(told),
        action_id=told.action_id,
        before=first.points,
        after=last.points,
        parts={} if told.kind == LineKind.LIMIT else _parts(points, first, between, last),
        fate=fate,
        versions=(first.versions, last.versions),
    )


def _parts(points: Decimal, first: _Total, between: _Total, last: _Total) -> dict[Part, Decimal]:
    """What happened is in whole points; the rest shares the cents."""
    happened = Decimal(between.earned - first.earned)
    exact = {
        Part.FADED: between.faded - first.faded,
        Part.EXPIRED: between.expired - first.expired,
        Part.CHANGED: last.exact - between.exact,
    }
    rest = points - happened
    real = {part: amount for part, amount in exact.items() if abs(amount) > 1e-9}
    if rest and not real:  # cents that moved between lines that fade
        real = {Part.FADED if between is last else Part.CHANGED: float(rest)}
    shares = dict(zip(real, apportioned(list(real.values()), rest), strict=True))
    found = {Part.HAPPENED: happened, **shares}
    return {part: amount for part, amount in found.items() if amount}


def _age(line: Line) -> int:
    """In days, when it last was worth anything."""
    if line.is_expired and line.expires_on and line.first_at:
        return (line.expires_on - day_of(line.first_at)).days
    return line.age


def _key(line: Line) -> tuple[str, object]:
    """Lines of one rule belong together, whatever its version; so do those given by hand, and so on."""
    if line.action_id:
        return "rule", line.action_id
    return line.kind.value, line.name if line.kind == LineKind.ADJUSTMENT else None


def _name(line: Line) -> str:
    return _("limit of the group") if line.kind == LineKind.LIMIT else line.name
