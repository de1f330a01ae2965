"""Triggers, actions and steps in plain words, in the active language."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from campaigns.models import Delivery, Step, Trigger
from campaigns.registry import Action, StepType, actions, steps
from contacts import conditions
from contacts.registry import Registry, unknown_label
from contacts.wording import number, strung

logger = logging.getLogger(__name__)


def trigger(trigger: Trigger) -> str:
    """When it acts: “When Engagement rises to 50 or more, and the country is FR”."""
    score = trigger.group.name if trigger.group else _("the overall score")
    values = {"score": score, "threshold": number(trigger.threshold)}
    if trigger.direction == Trigger.Direction.RISING:
        sentence = _("When %(score)s rises to %(threshold)s or more") % values
    else:
        sentence = _("When %(score)s falls below %(threshold)s") % values
    if trigger.conditions:
        sentence += ", " + _("and: %(conditions)s") % {"conditions": conditions.describe(trigger.conditions)}
    return sentence


def consequences(trigger: Trigger) -> str:
    """What it does then; empty for a trigger without actions."""
    return strung(describe(actions, action.type, action.params) for action in trigger.actions.all())


def step(step: Step) -> str:
    return describe(steps, step.type, step.params)


def delivery(delivery: Delivery) -> str:
    return describe(actions, delivery.type, delivery.params)


def describe(registry: Registry[Action] | Registry[StepType], key: str, params: Mapping[str, Any]) -> str:
    """What a type does with these settings; its name alone where the settings cannot be read."""
    if (type_ := registry.get(key)) is None:
        return unknown_label(key)
    try:
        return type_.describe(params)
    except (KeyError, TypeError, ValueError):
        logger.warning("%s cannot describe %s", key, params)
        return str(type_.label)


def listed(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)
