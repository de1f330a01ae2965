"""What moves when two contacts become one: each app above registers its part in a module `merging.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contacts.models import Merge
from contacts.registry import Registry

Figures = Mapping[str, Any]  # what is shown of a contact: label → text


@dataclass
class Job:
    """One merge, or its undoing, while it is carried out. The parts tell each other by it what they have found.

    `held`: what scores cross waits for a release. `owed`: what was owed to the contacts' scores before anything moved.
    `movements`: how the scores moved. `later`: while one is undone, the merges of others into the same winner since, which
    stay: what this one brought, but they would have without it, is theirs from now on. They are saved afterwards.
    """

    merge: Merge
    winner_id: int
    loser_id: int
    held: bool
    owed: list[Any] = field(default_factory=list)
    movements: list[Any] = field(default_factory=list)
    later: Sequence[Merge] = ()
    consequences: list[str] = field(default_factory=list)  # sentences for the preview

    @property
    def ids(self) -> list[int]:
        return sorted((self.winner_id, self.loser_id))

    def kept(self, part: str, key: str) -> list[Any]:
        """What the later merges have moved of this, all in all."""
        return [one for merge in self.later for one in merge.moved.get(part, {}).get(key, [])]


class Part:
    """What one app moves. Called with the contacts' own rows locked, parts in the order of `position`.

    `covers`: the models whose rows belong to contacts and that this part sees to, "app.Model"; a test asks for each there is.
    """

    key = ""
    position = 0
    lock_position = 0
    covers: frozenset[str] = frozenset()

    def lock(self, ids: Sequence[int]) -> None:
        """Lock what the pipeline locks before it locks contacts, in its order; parts in the order of `lock_position`."""

    def begin(self, job: Job) -> None:
        """Called when the contacts are locked and before anything moves."""

    def move(self, job: Job) -> dict[str, Any]:
        """Give to the winner what is the loser's; what it takes to put it back, for a JSON column."""
        return {}

    def put_back(self, job: Job, moved: Mapping[str, Any]) -> None:
        """Undo `move`."""

    def figures(self, contact_id: int) -> Figures:
        """What a preview compares: label → text, the same labels for every contact."""
        return {}


parts: Registry[Part] = Registry("part of a merge")


def in_order() -> list[Part]:
    return sorted(parts, key=lambda part: part.position)


def in_order_of_locks() -> list[Part]:
    return sorted(parts, key=lambda part: part.lock_position)
