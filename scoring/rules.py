"""Putting point actions into force: each change is a new version with author and time; no version is ever rewritten.

A version counts the events of an interval. "From now on" closes the interval of the version before; "also for the past"
takes all of it, and owes a backfill. Where only the points change, what was counted for the past stays counted and is
worth the new points: no line of it is written; what no version counted is counted, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from scoring import matching, profiles, sql, sweeps
from scoring.models import (
    BEGINNING,
    COUNTING,
    END,
    TERMS_OF_RULE,
    CapUnit,
    PointAction,
    PointActionVersion,
    Publication,
    Repeat,
    Rule,
)
from scoring.rulebook import Interval, is_wide, wide_actions
from scoring.sources import point_sources
from scoring.sources.base import EventSource
from scoring.sweeps import Plan

Scope = Publication.Scope


@dataclass(frozen=True)
class Change:
    """What putting a version (None: no rule at all) into force does to an action: its intervals, and what was re-priced."""

    intervals: tuple[Interval, ...]
    was: Mapping[int, int] = field(default_factory=dict)
    recounts: bool = False


@transaction.atomic
def publish(action: PointAction, author: Any = None, since: datetime | None = None) -> PointActionVersion | None:
    """Put a point action as it is saved now into force, for events from `since` (default: now) on.

    Earlier events keep the version they happened under. Returns the new version, or None when nothing that matters to
    scoring has changed. An inactive or archived action ends its version and gets no new one. Profile rules are looked
    at for all contacts in the background (a Sweep), their crossings held. Waits for running batches.
    """
    sql.own_rules()
    action.refresh_from_db()  # of two who saved, the one who publishes last may hold the older words
    since = since or timezone.now()
    in_use = action.is_active and not action.archived_at
    current = in_force(action)
    if in_use and current and not changed(action, current):
        return None
    if not in_use and current is None:
        return None
    version = draft(action, action, author) if in_use else None
    put_into_force(action, version, since, Scope.FROM_NOW)
    return version


def archive(action: PointAction, author: Any = None) -> None:
    """Take a point action out of use; what it paid stays explained."""
    action.archived_at = timezone.now()
    action.is_active = False
    action.save()
    publish(action, author)


def in_force(action: PointAction) -> PointActionVersion | None:
    """The version that counts what happens now."""
    versions = action.versions.filter(valid_until=END).order_by("-number")
    return next((version for version in versions if version.valid_from < END), None)


def changed(action: Rule, version: Rule) -> bool:
    """Does one say something else than the other?"""
    return any(getattr(action, name) != getattr(version, name) for name in [*TERMS_OF_RULE, "name"])


def draft(action: PointAction, rule: Rule, author: Any) -> PointActionVersion:
    """A new version that says what `rule` says and counts nothing yet, its matches resolved."""
    latest = action.versions.order_by("-number").first()
    source = point_sources.get(rule.source)
    version = PointActionVersion(
        **{name: getattr(rule, name) for name in TERMS_OF_RULE},
        action=action,
        number=latest.number + 1 if latest else 1,
        name=getattr(rule, "name", action.name),
        kind=source.kind if isinstance(source, EventSource) else None,
        worth=rule.points,
        occurrence_cap=_occurrence_cap(rule),
        valid_from=END,
        valid_until=END,
        author=author if getattr(author, "pk", None) else None,
    )
    version.save()
    matching.resolve(version)
    return version


def plan(action: PointAction, version: PointActionVersion | None, at: datetime, scope: str) -> Change:
    """What putting this version into force at a moment would do, nothing written: for preview and publication alike."""
    before = [v for v in action.versions.all() if v.valid_from < v.valid_until]
    if scope == Scope.FROM_NOW or version is None or version.kind is None:
        kept = [(v, v.valid_from, min(v.valid_until, max(at, v.valid_from)), v.worth) for v in before]
        if version is None and scope == Scope.PAST:
            kept = []
        new = [(version, at, END, version.points)] if version else []
        return Change(_intervals([*kept, *new]), recounts=version is None and scope == Scope.PAST)
    if before and all(_counts_alike(v, version) for v in before):
        before.sort(key=lambda one: one.valid_from)
        first = [BEGINNING, *(v.valid_from for v in before[1:])]
        kept = [(v, *span, version.points) for v, span in zip(before, pairwise([*first, at]), strict=True)]
        was = {v.pk: v.worth for v in before if v.worth != version.points}
        recounts = misses_past(action, version, at)
        return Change(_intervals([*kept, (version, at, END, version.points)]), was, recounts)
    return Change(_intervals([(version, BEGINNING, END, version.points)]), recounts=True)


def put_into_force(
    action: PointAction,
    version: PointActionVersion | None,
    at: datetime,
    scope: str,
    publication: Publication | None = None,
) -> Plan:
    """Let a drafted version count from now on, or for the past too. The caller owns the rules and sweeps as the plan says.

    Without a publication, what must be swept at once is owed here: profile rules.
    """
    change = plan(action, version, at, scope)
    is_profile = any(one is not None and one.kind is None for one in (version, in_force(action)))
    set_intervals(action, change.intervals, at)
    if version:
        version.refresh_from_db()
    if is_profile:
        profiles.note_holding(action)
        if publication is None:
            sweeps.owe(action.name, Plan(profiles=True))
    return Plan(actions=[action.pk] if change.recounts else [], was=change.was, profiles=is_profile)


def misses_past(action: PointAction, version: PointActionVersion, until: datetime) -> bool:
    """Did anything happen before `until` that this version would count, and that no version of the action counts?"""
    since, stretches = BEGINNING, []
    for one in _counting(action, until):
        stretches.append((since, one.valid_from))
        since = one.valid_until
    return sql.any_matched(version.pk, [*stretches, (since, until)])


def set_intervals(action: PointAction, intervals: tuple[Interval, ...], at: datetime) -> None:
    """Let the action's versions count exactly these intervals from `at` on. The caller owns the rules.

    A version that begins to count is matched with what appeared while it did not.
    """
    kept = {one.version_id: one for one in intervals}
    rows = []
    for version in action.versions.all():
        one = kept.get(version.pk)
        if one and version.valid_from >= version.valid_until:
            matching.resolve(version)
        if one is None and version.valid_from < version.valid_until:
            rows.append(
                {
                    "version_id": version.pk,
                    "valid_from": version.valid_from,
                    "valid_until": version.valid_from,
                    "worth": version.worth,
                }
            )
        elif one:
            rows.append(
                {
                    "version_id": one.version_id,
                    "valid_from": one.valid_from,
                    "valid_until": one.valid_until,
                    "worth": one.worth,
                }
            )
    sql.set_validity(rows)
    sql.mark_wide([action.pk])
    sql.note_validity([action.pk], at)


def _counting(action: PointAction, until: datetime) -> QuerySet[PointActionVersion]:
    counting = action.versions.filter(valid_from__lt=F("valid_until"))
    return counting.filter(valid_from__lt=until).order_by("valid_from")


def _counts_alike(one: Rule, other: Rule) -> bool:
    """Do both credit the same hits, whatever they are worth?"""
    alike = all(getattr(one, name) == getattr(other, name) for name in COUNTING)
    return alike and not (one.cap_amount is not None and one.cap_unit == CapUnit.POINTS)


def _intervals(rows: list[tuple[PointActionVersion, datetime, datetime, int]]) -> tuple[Interval, ...]:
    kept = [row for row in rows if row[1] < row[2]]
    wide = wide_actions([version for version, *_ in kept])
    return tuple(
        Interval(version.pk, version.action_id, first, last, worth, version.action_id in wide)
        for version, first, last, worth in kept
    )


def _occurrence_cap(rule: Rule) -> int | None:
    """How often one occurrence pays. A cap that reaches over several of them is not of this kind (`is_wide`)."""
    if rule.repeat != Repeat.ALWAYS:
        return 1
    return None if is_wide(rule) else rule.cap_amount
