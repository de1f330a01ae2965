"""The terms of groups and the bounds of the overall score: every change is a version, and owes a walk over the scores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.remarks import Remark
from scoring import decay, sql, sweeps
from scoring.models import END, TERMS, OverallScore, PointGroup, Sweep, TermsVersion
from scoring.rulebook import Rulebook
from scoring.sweeps import Plan


def begin(group: PointGroup, author: Any = None) -> None:
    """Keep the terms of a group that was just made as its version 1, which says who made it."""
    _first_version(group, author)


@transaction.atomic
def publish(group: PointGroup, changed: dict[str, Any], author: Any = None) -> Sweep | None:
    """Put other terms of a group into force; the walk that makes every score follow, None when nothing changed.

    `changed` names terms (models.TERMS) and their values. What the scores cross on the walk is held. Waits for running
    batches.
    """
    sql.own_rules()
    old = Rulebook.current().parameters()
    if not set_terms(group, changed, author):
        return None
    return sweeps.owe(Remark(_("Terms of %(group)s"), group=group.name), Plan(terms=old))


@transaction.atomic
def publish_overall(floor: int | None, ceiling: int | None, author: Any = None) -> Sweep | None:
    """Put other bounds of the overall score into force, as `publish` does for a group."""
    sql.own_rules()
    old = Rulebook.current().parameters()
    if not set_bounds(floor, ceiling, author):
        return None
    return sweeps.owe(Remark(_("Bounds of the overall score")), Plan(terms=old))


def set_terms(group: PointGroup, changed: dict[str, Any], author: Any = None, at: datetime | None = None) -> bool:
    """Save other terms as a new version, known from `at` (None: now) on; did any change?

    The caller owns the rules and sees to the scores.
    """
    at = at or timezone.now()
    stored = PointGroup.objects.select_for_update().get(pk=group.pk)
    changed = {name: value for name, value in changed.items() if getattr(stored, name) != value}
    if not changed:
        return False
    _first_version(stored, at=at)
    for name, value in changed.items():
        setattr(stored, name, value)
    if "half_life_days" in changed:
        stored.epoch = decay.today()
    stored.clean()
    stored.save(update_fields=[*changed, "epoch"])
    _next_version(stored, author, at)
    group.refresh_from_db()
    return True


def set_bounds(floor: int | None, ceiling: int | None, author: Any = None, at: datetime | None = None) -> bool:
    """The same for the bounds of the overall score."""
    at = at or timezone.now()
    overall = OverallScore.get()
    if (overall.floor, overall.ceiling) == (floor, ceiling):
        return False
    if not TermsVersion.objects.filter(group=None).exists():
        TermsVersion.objects.create(group=None, number=1, floor=overall.floor, ceiling=overall.ceiling, known_from=at)
    overall.floor, overall.ceiling = floor, ceiling
    overall.full_clean()
    overall.save()
    _close(None, at)
    TermsVersion.objects.create(
        group=None, number=_number(None), floor=floor, ceiling=ceiling, author=author, known_from=at
    )
    return True


def _first_version(group: PointGroup, author: Any = None, at: datetime | None = None) -> None:
    """A group that was made in code has no version until its terms first change; then the terms it had are version 1."""
    if not group.versions.exists():
        said = {name: getattr(group, name) for name in TERMS}
        group.versions.create(number=1, epoch=group.epoch, author=author, known_from=at or timezone.now(), **said)


def _next_version(group: PointGroup, author: Any, at: datetime) -> None:
    _close(group, at)
    said = {name: getattr(group, name) for name in TERMS}
    group.versions.create(number=_number(group), epoch=group.epoch, author=author, known_from=at, **said)


def _close(group: PointGroup | None, at: datetime) -> None:
    TermsVersion.objects.filter(group=group, known_until=END).update(known_until=at)


def _number(group: PointGroup | None) -> int:
    latest: int = TermsVersion.objects.filter(group=group).aggregate(Max("number"))["number__max"]
    return latest + 1
