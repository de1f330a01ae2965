"""Five triggers at rising thresholds. Who is above already is marked, as when a marketer switches a trigger on."""

from __future__ import annotations

from campaigns import triggers
from campaigns.models import Trigger, TriggerAction
from contacts.models import Segment

THRESHOLDS = (50, 100, 200, 400, 800)


def create() -> None:
    """Make them, once there are scores, and switch them on."""
    segment = Segment.objects.get(is_dynamic=False)
    for threshold in THRESHOLDS:
        trigger = Trigger.objects.create(name=f"Reaches {threshold}", threshold=threshold, is_active=False)
        TriggerAction.objects.create(trigger=trigger, type="change_segments", params={"add": [segment.pk]})
        triggers.switch_on(trigger, existing="mark")
