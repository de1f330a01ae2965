"""Triggers in drafts; and taking a publication back, with the firings of it that still wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns import triggers, versions
from campaigns.models import Firing, Trigger
from contacts.typed_params import dump
from scoring import publications
from scoring.models import Edit, Publication, Sweep
from scoring.publishing.types import Difference, Publishable, State, archived, publishables
from scoring.sweeps import Plan
from scoring.wording import Facts, differing

FIELDS = (
    "name",
    "description",
    "group",
    "direction",
    "threshold",
    "conditions",
    "again",
    "rearm_at",
    "active_from",
    "active_until",
    "is_active",
)
WHERE = ("group", "direction", "threshold")  # changing these changes who is past the threshold


@publishables.register
class Triggers(Publishable):
    """A trigger with its actions. One that is switched on or moved holds a firing for whoever is past it already."""

    key = "trigger"
    label = _("trigger")
    order = 5

    def state(self, ref_id: int) -> State | None:
        trigger = Trigger.objects.filter(pk=ref_id).first()
        return None if trigger is None else state_of(trigger) | archived(trigger)

    def name(self, ref_id: int) -> str:
        return str(Trigger.objects.get(pk=ref_id))

    def archive(self, edit: Edit) -> None:
        Trigger.objects.filter(pk=edit.ref_id, is_active=False).update(archived_at=timezone.now())

    def put_into_force(self, edit: Edit, at: datetime, scope: str, author: Any) -> Plan:
        trigger = _saved(edit, edit.after or {}, author)
        if reaches_more(edit):
            triggers.switch_on(trigger, existing="hold", publication_id=edit.publication_id)
        return Plan()

    def take_back(self, edit: Edit, at: datetime, author: Any) -> Plan:
        _saved(edit, edit.before or {}, author)
        return Plan()

    def differences(self, edit: Edit) -> Iterable[Difference]:
        return differing({} if edit.is_new else _facts(edit.before), _facts(edit.after))


def roll_back(publication: Publication, by: Any) -> Publication:
    """Take a publication back; what it held and nobody released yet comes to nothing. Errors as publications.rollback.

    A trigger that the rollback of a rollback switches on or moves holds firings again, as its publication did.
    """
    with transaction.atomic():
        again = publications.undoes(publication) is not None
        held = Firing.objects.filter(publication__in=publications.acts(publication), state=Firing.State.HELD)
        undoing = publications.rollback(publication, by)
        triggers.withdraw(held, by, undoing.published_at)
        for edit in undoing.edits.filter(type=Triggers.key) if again else ():
            if reaches_more(edit):
                triggers.switch_on(Trigger.objects.get(pk=edit.ref_id), "hold", undoing.pk)
        if not undoing.sweeps.exists():
            settle(undoing)
    return undoing


def settle(publication: Publication | None) -> int:
    """When the walk of a rollback is over: hold what rollbacks withdrew and what is true all the same; how many.

    Whoever a publication had brought past a threshold may have stayed there, by what happened to them since. Repeating adds
    nothing. The caller holds a transaction.
    """
    undone = publication and publications.undoes(publication)
    if publication is None or undone is None:
        return 0
    count, rolled_back = 0, _settled(publications.undoes(undone) or undone)
    withdrawn = Firing.objects.filter(state=Firing.State.OUTDATED, decided_at__in=rolled_back)
    for trigger in Trigger.objects.active(timezone.now()):
        latest = trigger.firings.filter(contact__in=withdrawn.filter(trigger=trigger).order_by().values("contact"))
        latest = latest.order_by("contact_id", "-cycle").distinct("contact_id")
        ids = [firing.contact_id for firing in latest if firing.decided_at in rolled_back]
        count += triggers.hold(trigger, ids, publication.pk) if ids else 0
    return count


def _settled(first: Publication) -> set[datetime | None]:
    """When rollbacks were made since this publication whose walks are over: firings that they withdrew say so."""
    going = Sweep.objects.filter(publication__isnull=False, finished_at=None).values("publication")
    since = Publication.objects.filter(published_at__gte=first.published_at).exclude(pk__in=going)
    return set(since.values_list("published_at", flat=True))


def state_of(trigger: Trigger) -> State:
    state = {name: dump(getattr(trigger, name)) for name in FIELDS}
    for name in ("threshold", "rearm_at"):
        state[name] = state[name] and f"{Decimal(state[name]):.2f}"
    state["actions"] = [
        {"id": action.pk, "type": action.type, "params": action.params, "position": action.position}
        for action in trigger.actions.all()
    ]
    return state


def filled(trigger: Trigger, state: State) -> Trigger:
    """The trigger, unsaved, with the fields of a state (its actions apart)."""
    for name in FIELDS:
        if name in state:
            field: Any = Trigger._meta.get_field(name)
            setattr(trigger, field.attname if name == "group" else name, field.to_python(state[name]))
    return trigger


def reaches_more(edit: Edit) -> bool:
    """Does the edit switch the trigger on, or move its threshold while it is on?"""
    before, after = edit.before or {}, edit.after or {}
    moved = any(before.get(name) != after.get(name) for name in WHERE)
    return bool(after.get("is_active")) and (moved or not before.get("is_active"))


def _saved(edit: Edit, state: State, author: Any) -> Trigger:
    trigger = filled(Trigger.objects.get(pk=edit.ref_id), state)
    trigger.save()
    if "actions" in state:
        versions.put_actions(trigger, state["actions"])
    versions.keep(Trigger.objects.get(pk=trigger.pk), author)
    return trigger


def _facts(state: State | None) -> Facts:
    """What a state says, as histories tell it; actions that are not saved yet get a name of their own."""
    if not state:
        return {}
    steps = [row | {"id": row.get("id") or f"new {number}"} for number, row in enumerate(state.get("actions") or [])]
    [said] = versions.facts([state | {"actions": steps}])
    return said | {"description": (str(Trigger._meta.get_field("description").verbose_name), state["description"])}
