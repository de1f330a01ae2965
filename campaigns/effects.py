"""What an action does to a contact, as data: by this the rule doctor sees where an action leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Gives:
    """Points in a group; negative ones are taken."""

    group_id: int
    points: int


@dataclass(frozen=True)
class Joins:
    """The contact comes into lists, or with `leaves` out of them. `filter`: the key of the filter that asks for them."""

    filter: str
    ids: tuple[int, ...]
    leaves: bool = False


@dataclass(frozen=True)
class Reaches:
    """The contact comes to a stage."""

    stage_id: int


@dataclass(frozen=True)
class Sends:
    """The contact gets a message. `type`: the type of its Subject."""

    type: str
    ref_id: int


@dataclass(frozen=True)
class Starts:
    """A campaign begins for the contact."""

    campaign_id: int


Effect = Gives | Joins | Reaches | Sends | Starts
Effects = Sequence[Effect]


def lists(filter: str, add: Sequence[int], remove: Sequence[int]) -> Effects:
    """What adding to some lists and removing from others does."""
    both = (Joins(filter, tuple(add)), Joins(filter, tuple(remove), leaves=True))
    return [one for one in both if one.ids]
