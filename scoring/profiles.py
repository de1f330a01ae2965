"""Profile rules: lines that hold while a contact matches, kept true for whoever changed and, by sweeps, for all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from contacts import conditions
from contacts.models import Contact
from scoring import profiling, sql
from scoring.models import END, PointAction, PointActionVersion, Sweep
from scoring.scores import Delta
from scoring.sources import point_sources
from scoring.sources.profile_matches import ProfileMatches


def hold(contact_ids: Sequence[int], without: Sequence[int] = ()) -> list[Delta]:
    """Give these contacts the lines of the profile rules they match now, and take back those they do not.

    Before that, see to what they allow (scoring.profiling; events in `without` are not counted). Depends only on the
    contacts as they are and the rules in force, so repeating moves nothing. The caller holds the score lock.
    """
    if not contact_ids:
        return []
    now = timezone.now()
    permitted = profiling.settle(contact_ids, without)
    return permitted + [Delta(**row) for row in sql.hold(wanted(contact_ids, now), contact_ids, now)]


def wanted(contact_ids: Sequence[int], at: datetime | None = None) -> list[dict[str, int]]:
    """The profile lines these contacts should have now: {contact_id, version_id}."""
    among = profiling.scored(Contact.objects.filter(pk__in=contact_ids, merged_into__isnull=True))
    return [
        {"contact_id": contact_id, "version_id": version.pk}
        for version, source in in_force(at or timezone.now())
        for contact_id in source.contacts(version.params, among).values_list("pk", flat=True)
    ]


def in_force(at: datetime) -> list[tuple[PointActionVersion, ProfileMatches]]:
    """The profile versions that give points at this moment, with their source."""
    versions = PointActionVersion.objects.filter(
        Q(active_from__isnull=True) | Q(active_from__lte=at),
        Q(active_until__isnull=True) | Q(active_until__gt=at),
        kind__isnull=True,
        valid_from__lte=at,
        valid_until=END,
    )
    found = ((version, point_sources.get(version.source)) for version in versions)
    return [(version, source) for version, source in found if isinstance(source, ProfileMatches)]


def note_holding(action: PointAction) -> None:
    """Note whether a rule that was just published holds anybody now: its publisher has asked for the sweep."""
    action.is_holding = any(version.action_id == action.pk for version, _ in in_force(timezone.now()))
    action.save(update_fields=["is_holding"])


def notice_day() -> None:
    """Ask for a sweep once a day while a rule counts days: "created less than 30 days ago" stops being true by itself."""
    today = timezone.localdate()
    if Sweep.objects.filter(day=today).exists():
        return
    versions = (version for version, _ in in_force(timezone.now()))
    if any(conditions.turns_with_time(version.params.get("conditions")) for version in versions):
        Sweep.objects.get_or_create(day=today, defaults={"reason": date_format(today), "plan": {"profiles": True}})


def notice_windows() -> None:
    """Ask for a sweep when the window of a profile rule has opened or closed since last looked at."""
    holding = {version.action_id for version, _ in in_force(timezone.now())}
    opened = PointAction.objects.filter(pk__in=holding, is_holding=False)
    closed = PointAction.objects.filter(is_holding=True).exclude(pk__in=holding)
    for action in [*opened.order_by("pk"), *closed.order_by("pk")]:
        as_seen = PointAction.objects.filter(pk=action.pk, is_holding=action.is_holding)
        if as_seen.update(is_holding=not action.is_holding):  # of several workers that look at once, one asks
            Sweep.objects.create(reason=str(action), plan={"profiles": True})
