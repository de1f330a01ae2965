"""Segments: who is in, and why. Dynamic ones follow their conditions; what somebody decided stays decided.

Entering and leaving are noted by the database (`contacts_change`), whatever path it took; the pipeline makes events of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import conditions, sql
from contacts.conditions import BadConditions
from contacts.filters import filters
from contacts.models import Contact, Membership, Segment

logger = logging.getLogger(__name__)
Contacts = QuerySet[Contact] | Iterable[int]


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    entered: int
    left: int
    ms: int


def rebuild(segment: Segment) -> Rebuilt:
    """Let in whom the conditions mean and let go whom they no longer do, in one statement. Repeating changes nothing.

    Memberships that were somebody's decision stay, in and out. A fixed or archived segment has nothing to rebuild.
    """
    if not segment.is_dynamic or segment.archived_at:
        return Rebuilt(0, 0, 0)
    begun = time.monotonic()
    with transaction.atomic():
        sql.lock_rebuild(segment.pk)
        entered, left = sql.rebuild([(segment.pk, part) for part in conditions.alternatives(segment.conditions)])
        ms = int((time.monotonic() - begun) * 1000)
        Segment.objects.filter(pk=segment.pk).update(rebuilt_at=timezone.now(), rebuild_ms=ms)
    return Rebuilt(entered, left, ms)


def rebuild_all(seconds: float | None = None) -> dict[int, Rebuilt]:
    """Rebuild every dynamic segment: who waited longest first, and those that others ask about before those.

    One that fails is logged; the rest go on. With `seconds`, what was not reached in time comes first in the next run.
    """
    done: dict[int, Rebuilt] = {}
    until = None if seconds is None else time.monotonic() + seconds
    in_order = [segment for level in levels(_dynamic()) for segment in level]
    for segment in sorted(in_order, key=lambda segment: segment.rebuilt_at.timestamp() if segment.rebuilt_at else 0):
        if until is not None and time.monotonic() > until:
            break
        try:
            done[segment.pk] = rebuild(segment)
        except Exception:
            logger.exception("segment %s was not rebuilt", segment.pk)
    return done


def rebuild_with_dependents(segment: Segment) -> Rebuilt:
    """Rebuild a segment and those that ask about it, directly or not; what happened to the segment itself."""
    result, changed = rebuild(segment), {segment.pk}
    for other in [other for level in levels(_dynamic()) for other in level]:
        if other.pk not in changed and asked_about(other) & changed:
            rebuild(other)
            changed.add(other.pk)
    return result


def update(contact_ids: Iterable[int], *, own_data: bool = True) -> tuple[int, int]:
    """Re-evaluate the dynamic segments for these contacts alone, in the caller's transaction; how many entered and left.

    With `own_data` False nothing has changed but what the contacts did and their scores: segments that ask about their own
    data alone are left out. One statement for each level of segments that ask about segments (mostly one).
    """
    ids = sorted(set(contact_ids))
    segments = _dynamic() if ids else []
    entered = left = 0
    for level in levels(segments if own_data else _beyond_own_data(segments)):
        among = sql.contacts(ids)
        came, went = sql.rebuild([(one.pk, conditions.matching(one.conditions, among)) for one in level], ids)
        entered, left = entered + came, left + went
    return entered, left


def add(segment: Segment, contacts: Contacts, reason: str = Membership.Reason.MANUAL, note: str = "") -> int:
    """Put contacts into a segment by decision: rebuilds leave them in. How many were not in it; safe to repeat and race."""
    return sql.add_members(segment.pk, _queryset(contacts), reason, note[:200])


def remove(segment: Segment, contacts: Contacts, reason: str = Membership.Reason.MANUAL, note: str = "") -> int:
    """Take contacts out of a segment by decision: rebuilds leave them out. How many were in it; safe to repeat and race."""
    return sql.remove_members(segment.pk, _queryset(contacts), reason, note[:200], bar=segment.is_dynamic)


def undecide(segment: Segment, contacts: Contacts) -> None:
    """Forget what was decided about these contacts: the conditions alone say who is in (nobody, if the segment is fixed)."""
    among = _queryset(contacts)
    with transaction.atomic():
        Membership.objects.filter(segment=segment, contact__in=among, reason__in=Membership.DECIDED).delete()
        if segment.is_dynamic:
            ids = list(among.values_list("pk", flat=True))
            sql.rebuild(
                [(segment.pk, conditions.matching(segment.conditions, Contact.objects.filter(pk__in=ids)))], ids
            )


def asked_about(segment: Segment) -> set[int]:
    """The segments whose members the conditions of a dynamic segment ask about."""
    if not segment.is_dynamic:
        return set()
    values = [leaf.get("value") for leaf in conditions.uses(segment.conditions, "segment")]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return {one for one in flat if isinstance(one, int)}


def levels(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments in an order in which each comes after those it asks about; a level's own do not ask about each other."""
    waiting = {segment.pk: asked_about(segment) for segment in segments}
    by_id = {segment.pk: segment for segment in segments}
    found = []
    while waiting:
        ready = sorted(pk for pk, needs in waiting.items() if not (needs - {pk}) & waiting.keys())
        if not ready:  # a circle: validation refuses new ones, so it came by another way
            logger.error("segments ask about each other in a circle: %s", sorted(waiting))
            ready = sorted(waiting)
        found.append([by_id[pk] for pk in ready])
        for pk in ready:
            del waiting[pk]
    return found


def check(segment: Segment) -> None:
    """Raise BadConditions where a dynamic segment would, directly or not, ask about itself."""
    if any(leaf.get("op") in ("empty", "not_empty") for leaf in conditions.uses(segment.conditions, "segment")):
        raise BadConditions(_("Name the segments: a dynamic segment cannot ask about all of them, itself included."))
    known = {other.pk: other for other in _dynamic()}
    if segment.pk:
        known[segment.pk] = segment
    seen: dict[int, list[str]] = {}
    waiting = [(one, [segment.name]) for one in asked_about(segment)]
    while waiting:
        pk, path = waiting.pop()
        if pk == segment.pk:
            raise BadConditions(
                _("A segment cannot depend on itself: %(path)s."), params={"path": " → ".join([*path, segment.name])}
            )
        if pk in known and pk not in seen:
            seen[pk] = path
            waiting += [(one, [*path, known[pk].name]) for one in asked_about(known[pk])]


def _dynamic() -> list[Segment]:
    return list(Segment.objects.filter(is_dynamic=True, archived_at__isnull=True).order_by("pk"))


def _beyond_own_data(segments: Sequence[Segment]) -> list[Segment]:
    """Those that ask about scores or behaviour, themselves or by way of a segment they ask about."""
    keys = [filter_.key for filter_ in filters if not filter_.of_profile]
    found: dict[int, Segment] = {}
    for segment in (segment for level in levels(segments) for segment in level):
        if asked_about(segment) & found.keys() or any(conditions.uses(segment.conditions, key) for key in keys):
            found[segment.pk] = segment
    return list(found.values())


def _queryset(contacts: Contacts) -> QuerySet[Contact]:
    found = contacts if isinstance(contacts, QuerySet) else sql.contacts(sorted(set(contacts)))
    return found.filter(merged_into__isnull=True)
