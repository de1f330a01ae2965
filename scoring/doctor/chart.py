"""What all examinations look at, read once: the rules in force, since when, and the terms of their groups."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import F, Min
from django.utils import timezone

from scoring.models import END, Adjustment, OverallScore, PointAction, PointActionVersion, PointGroup, Validity


@dataclass(frozen=True)
class InForce:
    """The version of a point action that counts what happens now, and since when the action counts the same things."""

    version: PointActionVersion
    since: datetime

    @property
    def action(self) -> PointAction:
        return self.version.action

    @property
    def group(self) -> PointGroup:
        return self.version.group


class Chart:
    """Made for one examination of all rules, at one moment."""

    def __init__(self) -> None:
        self.now = timezone.now()
        # Point actions whose fault is told already: it is why they change nobody.
        self.explained: set[int] = set()

    def ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    @cached_property
    def groups(self) -> dict[int, PointGroup]:
        return PointGroup.objects.in_bulk()

    @cached_property
    def overall(self) -> OverallScore:
        return OverallScore.objects.first() or OverallScore()

    @cached_property
    def rules(self) -> list[InForce]:
        """Without those whose time is over, and those that are archived or switched off."""
        versions = PointActionVersion.objects.filter(
            action__is_active=True, action__archived_at=None, valid_from__lt=F("valid_until")
        ).select_related("action", "group")
        history: dict[int, list[PointActionVersion]] = defaultdict(list)
        for version in versions.order_by("action__name", "action_id", "valid_until"):
            history[version.action_id].append(version)
        current = [past for past in history.values() if past[-1].valid_until == END]
        known = self._known([past[-1].action_id for past in current])
        return [
            InForce(past[-1], _since(past, known))
            for past in current
            if past[-1].active_until is None or past[-1].active_until > self.now
        ]

    @cached_property
    def fed_by_hand(self) -> set[int]:
        """Groups without any rule that get their points by adjustments: nobody can say how many there will be."""
        without = self.groups.keys() - {rule.version.group_id for rule in self.rules}
        return {pk for pk in without if Adjustment.objects.filter(group=pk).exists()}

    def older_than(self, days: int) -> list[InForce]:
        """The rules that have counted the same things for so many days."""
        return [rule for rule in self.rules if rule.since <= self.ago(days)]

    def _known(self, action_ids: list[int]) -> dict[int, datetime]:
        """When each version first counted anything: a rule published for the past, too, is as young as that."""
        rows = Validity.objects.filter(version__action__in=action_ids, valid_from__lt=F("valid_until"))
        return dict(rows.values_list("version_id").annotate(Min("known_from")))


def _since(past: list[PointActionVersion], known: dict[int, datetime]) -> datetime:
    first = current = past[-1]
    for version in reversed(past[:-1]):
        alike = version.source == current.source and version.params == current.params
        if not alike or version.valid_until != first.valid_from:
            break
        first = version
    moments = (first.valid_from, known.get(first.pk), current.active_from)
    return max(moment for moment in moments if moment)
