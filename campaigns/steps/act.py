"""Every trigger action is a campaign step too: the step makes a delivery and goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from campaigns.models import Enrolment, Step
from campaigns.registry import Action, Params, Result, StepType, actions, steps


class ActionStep(StepType):
    def __init__(self, action: Action) -> None:
        self.key = action.key
        self.label = action.label
        self.group = action.group
        self.Form = action.Form
        self.action = action

    def describe(self, params: Params) -> str:
        return self.action.describe(params)

    def makes_delivery(self) -> bool:
        return True

    def run(self, step: Step, enrolments: Sequence[Enrolment], now: datetime) -> dict[int, Result]:
        return {}


def offer_actions() -> None:
    """Register a step for each action that has none yet: called once all apps have registered theirs."""
    for action in actions:
        if action.offered and action.key not in steps:
            steps.add(ActionStep(action))
