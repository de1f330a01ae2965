"""What can be edited in a draft: a kind of row, how it stands, how an edit of it is put into force and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contacts.registry import Registry
from scoring.models import Edit, Publication
from scoring.rulebook import Rulebook
from scoring.sweeps import Plan

State = dict[str, Any]  # a row in plain JSON, as `Edit.before` and `Edit.after` keep it


@dataclass(frozen=True)
class Draft:
    """What publishing would make of the rules: the book, and the actions whose lines it changes."""

    book: Rulebook
    actions: frozenset[int] = frozenset()
    profiles: frozenset[int] = frozenset()  # those among them that look at profiles
    groups: frozenset[int] = frozenset()  # groups whose terms change

    def changing(self, book: Rulebook, action_id: int, *, profile: bool) -> Draft:
        more = {action_id}
        return replace(
            self, book=book, actions=self.actions | more, profiles=self.profiles | more if profile else self.profiles
        )


@dataclass(frozen=True)
class Difference:
    """One line of an edit in words."""

    label: str
    before: str
    after: str


class Publishable:
    """A kind of row that drafts edit. `key` is stored in rows: never rename."""

    key: str
    label: Any
    # In which edits are put into force: what watches scores first, as whoever is past a threshold is looked for among the
    # scores as they were; then groups, then rules.
    order = 10

    def state(self, ref_id: int) -> State | None:
        """How the row stands now; None when it is not there."""
        raise NotImplementedError

    def name(self, ref_id: int) -> str:
        raise NotImplementedError

    def drafted(self, edit: Edit) -> None:
        """Prepare an edit that was just saved (resolve a version, say)."""

    def dropped(self, edit: Edit) -> None:
        """Clean up after an edit that will not come into force."""

    def archive(self, edit: Edit) -> None:
        """Put the row away, which was made for a draft that came to nothing, unless it was switched on meanwhile."""

    def sketch(self, edit: Edit, draft: Draft, at: datetime, scope: str) -> Draft:
        """What the edit makes of the rules, nothing written."""
        return draft

    def put_into_force(self, edit: Edit, at: datetime, scope: str, author: Any) -> Plan:
        """Make the row what the edit says; the plan of what follows for contacts. The caller owns the rules."""
        raise NotImplementedError

    def take_back(self, edit: Edit, at: datetime, author: Any) -> Plan:
        """Make the row what it was before the edit, in its whole effect. The caller owns the rules."""
        raise NotImplementedError

    def stands(self, edit: Edit) -> bool:
        """Is the row still what this edit, which is in force, made of it? It may have been changed without a draft."""
        return True

    def misses_past(self, ref_id: int) -> bool:
        """Would publishing the row as it stands, also for the past, change something?"""
        return False

    def differences(self, edit: Edit) -> Iterable[Difference]:
        """The edit in words, one line for each thing that changes."""
        return ()


publishables: Registry[Publishable] = Registry("publishable")


def archived(row: Any) -> State:
    """What an archived row's state has more than another's: nothing brings it back into force unseen."""
    return {"archived": True} if row.archived_at else {}


@dataclass
class Plans:
    """Plans of several edits, as one."""

    actions: set[int] = field(default_factory=set)
    was: dict[int, int] = field(default_factory=dict)
    profiles: bool = False
    terms: bool = False

    def add(self, plan: Plan) -> None:
        self.actions.update(plan.actions or ())
        self.was.update(plan.was)
        self.profiles |= plan.profiles
        self.terms |= plan.terms is not None

    def together(self, terms: Mapping[str, Any]) -> Plan | None:
        """One plan, the terms being those in force before; None when nothing follows for any contact."""
        if not (self.actions or self.was or self.profiles or self.terms):
            return None
        return Plan(sorted(self.actions), self.was, terms if self.terms else None, self.profiles)


def later_edit(edit: Edit) -> Edit | None:
    """A publication in force that changed the same row after this one."""
    return (
        Edit.objects.filter(type=edit.type, ref_id=edit.ref_id, publication__state=Publication.State.PUBLISHED)
        .filter(publication__published_at__gt=edit.publication.published_at, publication__rolls_back__isnull=True)
        .select_related("publication")
        .first()
    )


def in_order(publication: Publication) -> list[Edit]:
    """Its edits, those first that others build upon; without those of a type that is gone."""
    edits = publication.edits.select_related("version", "author")
    return sorted(
        (edit for edit in edits if edit.type in publishables), key=lambda edit: (publishables[edit.type].order, edit.pk)
    )
