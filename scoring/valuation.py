"""Scores without writing one: what any rulebook makes of anybody's events, at any instant.

The time machine, the preview of a draft, the back-test and the reconciliation ask here; it is the counting of the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from contacts.models import Contact
from scoring import sql
from scoring.decay import day_of
from scoring.models import END, Holding, PointActionVersion
from scoring.rulebook import Rulebook
from scoring.sources import point_sources
from scoring.sources.profile_matches import ProfileMatches
from tracking import past

Held = list[dict[str, Any]]


def lines(book: Rulebook, contact_ids: Sequence[int], at: datetime | None = None) -> list[dict[str, Any]]:
    """Every line of these contacts by this rulebook at an instant (None: now), with `points` before fading.

    The columns of scoring.sql.fragments: contact_id, action_id, version_id, object_id, period, hits, credited, cut,
    first_at, last_at, expires_on, is_expired, group_id, worth, half_life_days, epoch, points.
    """
    people = held(book, contact_ids, at)
    return sql.evaluated_lines(book.parameters(), book.shape, contact_ids, at or timezone.now(), people)


def scores(
    book: Rulebook, contact_ids: Sequence[int], at: datetime | None = None
) -> dict[tuple[int, int | None], Decimal]:
    """What these contacts' scores show at an instant by this rulebook: {(contact, group or None): value}; absent is 0."""
    people, then = held(book, contact_ids, at), at or timezone.now()
    return sql.evaluated_scores(_near(book, then).parameters(), book.shape, contact_ids, then, people)


def _near(book: Rulebook, at: datetime) -> Rulebook:
    """The same with half-lives counted from the day asked about: counted from a far one, powers of two over- or underflow."""
    day = day_of(at)
    return replace(book, terms=tuple(replace(one, epoch=day) for one in book.terms))


def held(book: Rulebook, contact_ids: Sequence[int], at: datetime | None = None) -> Held:
    """The profile lines of these contacts at an instant (None: now): {contact_id, version_id, since}, from when they count.

    Of versions that were looked at when it was their time, the intervals that were kept tell; of others, the contacts as they
    were then.
    """
    then = at or timezone.now()
    versions = [
        version
        for version in PointActionVersion.objects.filter(pk__in=book.version_ids, kind__isnull=True)
        if is_open(version, then) and _stands_last(version, book)
    ]
    if not versions or not contact_ids:
        return []
    kept = Holding.objects.filter(
        Q(until__isnull=True) | Q(until__gt=then), version__in=versions, contact__in=contact_ids, since__lte=then
    )
    rows: Held = [{"contact_id": one.contact_id, "version_id": one.version_id, "since": one.first_at} for one in kept]
    for version in versions:
        if not was_looked_at(version, then):
            before = _held_before(version, contact_ids, then)
            rows += [
                {"contact_id": pk, "version_id": version.pk, "since": before.get(pk, then)}
                for pk in _matching(version, contact_ids, at)
            ]
    return rows


def is_open(version: PointActionVersion, at: datetime) -> bool:
    """Is it within the dates of the rule?"""
    return (version.active_from is None or version.active_from <= at) and (
        version.active_until is None or version.active_until > at
    )


def _stands_last(version: PointActionVersion, book: Rulebook) -> bool:
    """Profile rules hold by the version that stands last in the book."""
    return next(one for one in book.intervals if one.version_id == version.pk).valid_until == END


def was_looked_at(version: PointActionVersion, at: datetime) -> bool:
    """A draft has not been. One that was superseded had its time, from `valid_from` on."""
    return version.valid_from <= at


def _held_before(version: PointActionVersion, contact_ids: Sequence[int], at: datetime) -> dict[int, datetime]:
    """From when the lines of the action's other versions count that hold now: lines of this version go on from there."""
    holding = Holding.objects.filter(Q(until__isnull=True) | Q(until__gt=at), contact__in=contact_ids, since__lte=at)
    return dict(holding.filter(version__action=version.action_id).values_list("contact_id", "first_at"))


def _matching(version: PointActionVersion, contact_ids: Sequence[int], at: datetime | None) -> Collection[int]:
    source = point_sources.get(version.source)
    if not isinstance(source, ProfileMatches):
        return ()
    if at is not None:
        return past.matching(version.params.get("conditions"), at, contact_ids)
    among = Contact.objects.filter(pk__in=contact_ids, merged_into__isnull=True)
    return source.contacts(version.params, among).values_list("pk", flat=True)
