"""What can be done: the base of trigger actions and campaign steps, and their registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms

from campaigns.effects import Effects
from contacts.registry import Registry, unknown_label

if TYPE_CHECKING:
    from campaigns.models import Delivery, Enrolment, Step

Params = Mapping[str, Any]


class DeliveryError(Exception):
    """It could not be done. `permanent` says that trying again would not help."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class Skipped(Exception):
    """It shall not be done: the person may not be contacted, or it no longer makes sense. The message says why."""


class Action:
    """Something to do for one contact. Subclass, register, and import the module in `actions/__init__.py`.

    `key` is stored in rows: never rename it. An action with `external` False only writes to our database: it runs in the
    transaction that marks its delivery as done, so it is done exactly once. One with `external` True talks to the world,
    outside any transaction, and is done *at least* once: it must send `delivery.key` along, so that the receiver can tell
    a repetition.
    """

    key: str
    label: Any  # lazily translated
    group: Any = ""
    external: ClassVar[bool] = False
    offered: ClassVar[bool] = True  # in triggers and campaigns; else the product alone writes its deliveries

    class Form(forms.Form):
        pass

    def describe(self, params: Params) -> str:
        """What it does with these settings, in a few words a marketer would use."""
        return str(self.label)

    def perform(self, delivery: Delivery, params: Params) -> str:
        """Do it; return the outcome in words. Raises DeliveryError or Skipped."""
        raise NotImplementedError

    def effects(self, params: Params) -> Effects:
        """What it does to the contact, as far as scores could follow from it."""
        return ()

    def sent(self, delivery: Delivery) -> None:
        """For external actions: what else is written in the transaction that marks the delivery as done."""


@dataclass(frozen=True)
class Result:
    """What came of a step for one enrolment: go on at once, go on at `due_at`, leave out the next step, or end."""

    outcome: str = ""
    due_at: datetime | None = None
    skip_next: bool = False
    end: bool = False


class StepType:
    """A step of a campaign. `run` is called with a batch of enrolments whose rows the caller has locked."""

    key: str
    label: Any
    group: Any = ""

    Form: type[forms.Form] = forms.Form

    def describe(self, params: Params) -> str:
        return str(self.label)

    def run(self, step: Step, enrolments: Sequence[Enrolment], now: datetime) -> dict[int, Result]:
        """Do the step for these; return the result by enrolment id. One that is missing goes on at once."""
        raise NotImplementedError

    def makes_delivery(self) -> bool:
        """True for a step that is an action: the engine writes its delivery."""
        return False


def label(registry: Registry[Any], key: str) -> str:
    """The name of a type as people read it; an unknown or retired one is called that."""
    type_ = registry.get(key)
    return str(type_.label) if type_ else unknown_label(key)


actions: Registry[Action] = Registry("trigger action")
steps: Registry[StepType] = Registry("campaign step")
