"""Versions of a trigger: how it and its actions stood, for the firings that name them, in words, and brought back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _g

from campaigns.models import Trigger, TriggerAction, TriggerVersion
from campaigns.registry import actions
from campaigns.sentences import describe
from contacts import conditions
from contacts.wording import number
from scoring.models import PointGroup
from scoring.wording import Facts, window

Snapshot = Mapping[str, Any]


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


# --- bringing a version back ------------------------------------------------------------------------------------------


def standing(trigger: Trigger, then: Snapshot) -> Trigger:
    """The trigger with the fields of a snapshot, not saved; its actions apart. Raises ValidationError with a sentence."""
    if then["group"] is not None and not PointGroup.objects.filter(pk=then["group"]).exists():
        raise ValidationError(_g("The point group it looked at does not exist any more."))
    trigger.group_id = then["group"]
    for name in ("name", "direction", "conditions", "again", "is_active"):
        setattr(trigger, name, then[name])
    trigger.threshold = Decimal(then["threshold"])
    trigger.rearm_at = None if then["rearm_at"] is None else Decimal(then["rearm_at"])
    for name in ("active_from", "active_until"):
        setattr(trigger, name, parse_datetime(then[name]) if then[name] else None)
    trigger.full_clean()
    return trigger


@transaction.atomic
def put_actions(trigger: Trigger, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Let the trigger have these actions in this order, and no others.

    An action keeps its id, also one that was taken out meanwhile: a delivery is made once for each firing and action. A new
    one has none yet.
    """
    kept = []
    for position, row in enumerate(wanted):
        same = TriggerAction.objects.filter(pk=row.get("id") or 0).first()
        if same is None or same.trigger_id != trigger.pk:
            same = TriggerAction(pk=None if same else row.get("id"), trigger=trigger)
        same.type, same.params, same.position = row["type"], row["params"], row.get("position", position)
        same.save()
        kept.append(same.pk)
    trigger.actions.exclude(pk__in=kept).delete()


# --- in words ---------------------------------------------------------------------------------------------------------


def facts(snapshots: Sequence[Snapshot]) -> list[Facts]:
    """What each snapshot says. What several share is described once; keep names with `remembering_names` around it."""
    groups = PointGroup.objects.in_bulk({one["group"] for one in snapshots if one["group"] is not None})
    trees = {_key(one["conditions"]): one["conditions"] for one in snapshots}
    described = {key: conditions.describe(tree) if tree else "" for key, tree in trees.items()}
    return [_facts(one, groups, described[_key(one["conditions"])]) for one in snapshots]


def _facts(one: Snapshot, groups: Mapping[int, PointGroup], meant: str) -> Facts:
    first, last = (parse_datetime(one[name]) if one[name] else None for name in ("active_from", "active_until"))
    group = groups.get(one["group"])
    said: Facts = {
        "name": (_label("name"), one["name"]),
        "group": (_label("group"), str(group) if group else _g("Overall score") if one["group"] is None else "?"),
        "direction": (_label("direction"), str(Trigger.Direction(one["direction"]).label)),
        "threshold": (_label("threshold"), number(Decimal(one["threshold"]))),
        "conditions": (_label("conditions"), meant),
        "again": (_label("again"), str(Trigger.Again(one["again"]).label)),
        "rearm_at": (_label("rearm_at"), "" if one["rearm_at"] is None else number(Decimal(one["rearm_at"]))),
        "window": (_g("time"), window(first, last)),
        "is_active": (_label("is_active"), _g("yes") if one["is_active"] else _g("no")),
    }
    for step in one["actions"]:
        said[f"action {step['id']}"] = (_g("what happens then"), describe(actions, step["type"], step["params"]))
    return said


def _label(name: str) -> str:
    field: Any = Trigger._meta.get_field(name)
    return str(field.verbose_name)


def _key(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True)
