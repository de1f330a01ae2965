"""Versions of a trigger: how it and its actions stood, for the firings that name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from campaigns.models import Trigger, TriggerVersion


def snapshot(trigger: Trigger) -> dict[str, Any]:
    return {
        "name": trigger.name,
        "group": trigger.group_id,
        "direction": trigger.direction,
        "threshold": f"{trigger.threshold:.2f}",
        "conditions": trigger.conditions,
        "again": trigger.again,
        "rearm_at": None if trigger.rearm_at is None else f"{trigger.rearm_at:.2f}",
        "active_from": trigger.active_from and trigger.active_from.isoformat(),
        "active_until": trigger.active_until and trigger.active_until.isoformat(),
        "is_active": trigger.is_active,
        "actions": [
            {"id": action.pk, "type": action.type, "params": action.params} for action in trigger.actions.all()
        ],
    }


@transaction.atomic
def keep(trigger: Trigger, author: User | None = None) -> TriggerVersion:
    """The version of the trigger as it stands: the latest if nothing changed since, else a new one.

    Two people saving at once wait for each other on the trigger's row, so numbers neither clash nor skip.
    """
    Trigger.objects.select_for_update(no_key=True).get(pk=trigger.pk)
    now, latest = snapshot(trigger), trigger.versions.order_by("-number").first()
    if latest and latest.snapshot == now:
        return latest
    return TriggerVersion.objects.create(
        trigger=trigger, number=latest.number + 1 if latest else 1, snapshot=now, author=author
    )


def latest_ids(triggers: Sequence[Trigger]) -> dict[int, int]:
    """The latest version's id per trigger; a trigger made in code gets its first one here."""
    newest = (
        TriggerVersion.objects.filter(trigger__in=triggers).order_by("trigger_id", "-number").distinct("trigger_id")
    )
    found = dict(newest.values_list("trigger_id", "id"))
    return found | {trigger.pk: keep(trigger).pk for trigger in triggers if trigger.pk not in found}
