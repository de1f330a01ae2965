"""Where a trigger leads: the effects of its actions, and of the campaigns they begin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils import timezone

from campaigns.effects import Effect, Gives, Joins, Starts
from campaigns.models import Campaign, Step, Trigger, TriggerAction
from campaigns.registry import actions
from scoring.doctor.reach import Extra

INFINITE = float("inf")


@dataclass(frozen=True)
class Consequence:
    """One effect of a trigger, and the campaign through which it comes about, if it is one."""

    effect: Effect
    campaign: Campaign | None = None


class Consequences:
    """The triggers and campaigns that are on, read once."""

    @cached_property
    def triggers(self) -> list[Trigger]:
        """Those that act, now or later."""
        not_over = Q(active_until=None) | Q(active_until__gt=timezone.now())
        found = Trigger.objects.filter(not_over, is_active=True, archived_at=None)
        return list(found.select_related("group").prefetch_related("actions"))

    @cached_property
    def campaigns(self) -> dict[int, Campaign]:
        return Campaign.objects.filter(is_active=True).in_bulk()

    @cached_property
    def _steps(self) -> dict[int, list[Step]]:
        steps = defaultdict(list)
        for step in Step.objects.filter(campaign__in=self.campaigns, archived_at=None):
            steps[step.campaign_id].append(step)
        return steps

    @cached_property
    def _begun_by(self) -> dict[int, set[int]]:
        """The campaigns that begin for who enters a segment."""
        begun = defaultdict(set)
        for campaign_id, segment_id in Campaign.segments.through.objects.filter(
            campaign__in=self.campaigns
        ).values_list("campaign_id", "segment_id"):
            begun[segment_id].add(campaign_id)
        return begun

    def of(self, trigger: Trigger) -> list[Consequence]:
        """What the trigger does, directly and by campaigns; each campaign is followed once."""
        found = [Consequence(effect) for action in trigger.actions.all() for effect in effects(action)]
        seen: set[int] = set()
        for consequence in found:  # which grows
            for campaign_id in self._begun(consequence.effect):
                if campaign_id in self.campaigns and campaign_id not in seen:
                    seen.add(campaign_id)
                    campaign = self.campaigns[campaign_id]
                    steps = self._steps[campaign_id]
                    found += [Consequence(effect, campaign) for step in steps for effect in effects(step)]
        return found

    def extras(self, but: Trigger) -> Iterable[Extra]:
        """The points that other triggers and all campaigns give besides the rules, and how often: once, or without end."""
        for trigger in self.triggers:
            if trigger.pk != but.pk:
                again = trigger.again == Trigger.Again.REARM
                yield from _points((effect for action in trigger.actions.all() for effect in effects(action)), again)
        for pk, campaign in self.campaigns.items():
            again = campaign.allow_again
            yield from _points((effect for step in self._steps[pk] for effect in effects(step)), again)

    def _begun(self, effect: Effect) -> Iterable[int]:
        if isinstance(effect, Starts):
            return [effect.campaign_id]
        if isinstance(effect, Joins) and effect.filter == "segment" and not effect.leaves:
            return sorted(set().union(*(self._begun_by[pk] for pk in effect.ids)))
        return []


def effects(row: TriggerAction | Step) -> list[Effect]:
    """What an action or a step does; nothing that is known where its type or its settings cannot be read."""
    type_: Any = actions.get(row.type)
    try:
        return list(type_.effects(row.params)) if type_ else []
    except (KeyError, TypeError):
        return []


def _points(found: Iterable[Effect], again: bool) -> Iterator[Extra]:
    for effect in found:
        if isinstance(effect, Gives):
            yield Extra(effect.group_id, effect.points * (INFINITE if again else 1))
