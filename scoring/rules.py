"""Publishing point actions: each change is a new version with author and time; nothing that paid is ever rewritten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from scoring import matching, profiles, sql
from scoring.models import END, PointAction, PointActionVersion, Repeat, Sweep
from scoring.sources import point_sources
from scoring.sources.base import EventSource, ProfileSource

FIELDS = ("source", "params", "points", "group", "repeat", "active_from", "active_until")


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
    current = action.versions.filter(valid_until=END).order_by("-number").first()
    if action.is_active and not action.archived_at:
        if current and not changed(action, current):
            return None
        version = _next_version(action, author, since)
    else:
        version = None
    if current:
        current.valid_until = max(since, current.valid_from)
        current.save(update_fields=["valid_until"])
    if version:
        version.save()
        matching.resolve(version)
    if (version or current) and _is_profile(action, current):
        Sweep.objects.create(reason=action.name)
        profiles.note_holding(action)
    return version


def archive(action: PointAction, author: Any = None) -> None:
    """Take a point action out of use; what it paid stays explained."""
    action.archived_at = timezone.now()
    action.is_active = False
    action.save()
    publish(action, author)


def changed(action: PointAction, version: PointActionVersion) -> bool:
    """Does the action say something else than this version?"""
    return any(getattr(action, name) != getattr(version, name) for name in [*FIELDS, "name"])


def _next_version(action: PointAction, author: Any, since: datetime) -> PointActionVersion:
    latest = action.versions.order_by("-number").first()
    source = point_sources.get(action.source)
    return PointActionVersion(
        **{name: getattr(action, name) for name in FIELDS},
        action=action,
        number=latest.number + 1 if latest else 1,
        name=action.name,
        kind=source.kind if isinstance(source, EventSource) else None,
        cap=None if action.repeat == Repeat.ALWAYS else 1,
        valid_from=since,
        author=author if getattr(author, "pk", None) else None,
    )


def _is_profile(action: PointAction, current: PointActionVersion | None) -> bool:
    return isinstance(point_sources.get(action.source), ProfileSource) or (current is not None and current.kind is None)
