"""Walks over contacts, range by range, owed by changes of rules, weights and days; resumable after any crash.

A contact whom something happens to before the walk has come to them is brought up to date first, so that a live movement
never mixes old sums with new rules (`catch_up`). Scores are always made by the rules in force, which later changes are
part of: so whoever is owed several walks gets them all at once, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _g

from contacts.models import Contact
from scoring import decay, ledger, profiles, scores, sql
from scoring.models import Publication, Sweep, SweepContact
from scoring.scores import Movement
from tracking.verdicts import judging

Moved = list[tuple[Sweep, list[Movement]]]


@dataclass(frozen=True)
class Plan:
    """What a sweep does to each contact.

    `actions`: rebuild their lines of these point actions (None: of all). `was`: what lines of these versions were worth
    until now.
    `terms`: the parameters of the rulebook whose terms the stored sums follow, where sums must be made anew.
    `profiles`: look at which profile rules hold. `listed`: only the contacts that whoever owes the sweep has listed.
    `marks`: what a person said of machines changed: judge the events they concern anew.
    """

    actions: Sequence[int] | None = ()
    was: Mapping[int, int] = field(default_factory=dict)
    terms: Mapping[str, Any] | None = None
    profiles: bool = False
    listed: bool = False
    marks: Sequence[int] = ()

    @classmethod
    def of(cls, sweep: Sweep) -> Plan:
        plan = sweep.plan or {"profiles": True, "terms": {}}
        return cls(
            actions=plan.get("actions", ()),
            was={int(version): points for version, points in plan.get("was", {}).items()},
            terms=plan.get("terms"),
            profiles=plan.get("profiles", False),
            listed=plan.get("listed", False),
            marks=tuple(plan.get("marks", ())),
        )

    @classmethod
    def together(cls, plans: Sequence[Plan]) -> Plan:
        """What plans owed one after the other come to: the sums are those from before the first."""
        some = [plan.actions for plan in plans if plan.actions is not None]
        return cls(
            actions=sorted({pk for actions in some for pk in actions}) if len(some) == len(plans) else None,
            was={version: points for plan in reversed(plans) for version, points in plan.was.items()},
            terms=next((plan.terms for plan in plans if plan.terms is not None), None),
            profiles=any(plan.profiles for plan in plans),
            marks=tuple(sorted({pk for plan in plans for pk in plan.marks})),
        )

    @property
    def is_listed(self) -> bool:
        """Does it concern only contacts that are listed: those with events or lines of certain rules, or chosen ones?"""
        return self.listed or (self.terms is None and not self.profiles)


def owe(reason: str, plan: Plan, publication: Publication | None = None) -> Sweep:
    """Note that all contacts this plan concerns must be brought up to date."""
    return Sweep.objects.create(reason=reason[:200], publication=publication, plan=asdict(plan))


def owe_repair(contact_ids: Sequence[int], terms: Mapping[str, Any]) -> Sweep:
    """Note that everything about these contacts' scores must be made anew; what they cross is held."""
    sweep = owe(_g("Reconciliation"), Plan(actions=None, terms=terms, profiles=True, listed=True))
    SweepContact.objects.bulk_create(
        [SweepContact(sweep=sweep, contact_id=pk) for pk in contact_ids], batch_size=5000, ignore_conflicts=True
    )
    return sweep


def next_range(size: int) -> tuple[Sweep, Sequence[int]] | None:
    """The oldest unfinished sweep, locked, with the next contacts to look at; None when nothing is owed.

    The caller's transaction does the work and then calls `advance`.
    """
    sweep = Sweep.objects.filter(finished_at__isnull=True).select_for_update(skip_locked=True).order_by("id").first()
    if sweep is None:
        return None
    plan = Plan.of(sweep)
    if sweep.total is None:
        _count(sweep, plan)
    people = sweep.contacts.filter(contact_id__gte=sweep.next_id).order_by("contact_id").values_list("contact_id")
    everybody = Contact.objects.filter(pk__gte=sweep.next_id).order_by("pk").values_list("pk")
    return sweep, [pk for (pk,) in (people if plan.is_listed else everybody)[:size]]


def advance(sweep: Sweep, contact_ids: Sequence[int]) -> None:
    """Note that these contacts have been seen; without any, the sweep is finished."""
    if contact_ids:
        Sweep.objects.filter(pk=sweep.pk).update(next_id=max(contact_ids) + 1, seen=F("seen") + len(contact_ids))
    else:
        SweepContact.objects.filter(sweep=sweep).delete()
        Sweep.objects.filter(pk=sweep.pk).update(finished_at=timezone.now())


def bring(sweep: Sweep, contact_ids: Sequence[int]) -> Moved:
    """Bring these contacts, which the sweep has come to, up to date; what that moved, and for which sweep.

    Repeating moves nothing. The caller holds the lock.
    """
    moved = catch_up(contact_ids)
    if sweep.day is not None and contact_ids:
        moved.append((sweep, _carried_out(Plan.of(sweep), contact_ids)))
    return moved


def catch_up(contact_ids: Sequence[int], without: Sequence[int] = ()) -> Moved:
    """Bring these contacts up to date with all that is owed to them; what that moved, and for which sweep.

    `without`: events that are about to be awarded, and must not be counted before. The caller holds the lock. Of several
    sweeps owed to one contact, the movements are of the latest that publishes something.
    """
    owed = list(Sweep.objects.filter(finished_at__isnull=True, day__isnull=True).order_by("id"))
    if not contact_ids or not owed:
        return []
    moved: Moved = []
    for swept, behind in sql.behind(contact_ids, owed[-1].pk).items():
        due = [sweep for sweep in owed if sweep.pk > swept]
        plan = Plan.together([Plan.of(sweep) for sweep in due])
        blamed = max(due, key=lambda sweep: (sweep.publication_id is not None, sweep.pk))
        moved.append((blamed, _carried_out(plan, behind, without)))
        sql.mark_swept(behind, owed[-1].pk)
    return moved


def make_anew(contact_ids: Sequence[int]) -> list[Movement]:
    """Make everything about these contacts' scores anew from what is recorded of them now; what that moved.

    The caller has shared the rules, holds the lock, and has caught up (`catch_up`) before the record changed.
    """
    return _carried_out(Plan(actions=None, terms={}, profiles=True), contact_ids)


def _carried_out(plan: Plan, contact_ids: Sequence[int], without: Sequence[int] = ()) -> list[Movement]:
    since, today = scores.turned(), decay.today()
    if plan.marks:
        judging.judge_contacts(contact_ids)
    before = sql.values(contact_ids, since, plan.terms or None) if plan.terms is not None else {}
    deltas = ledger.reprice(contact_ids, plan.was)
    if (plan.actions is None or plan.actions) or plan.terms is not None or plan.was:
        deltas += ledger.replay(contact_ids, plan.actions, without, recap_all=plan.terms is not None)
    if plan.profiles:
        deltas += profiles.hold(contact_ids, without)
    movements = scores.refresh(deltas)
    if plan.terms is None:
        return movements
    sql.revalue(contact_ids)
    if since < today:  # midnight came before the turn of the day: what faded is in these movements
        sql.note_told(contact_ids)
    return scores.between(before, sql.values(contact_ids, today))


def _count(sweep: Sweep, plan: Plan) -> None:
    if plan.marks:
        sql.list_marked(sweep.pk, plan.marks)
    if plan.is_listed and not plan.listed:
        sql.list_concerned(sweep.pk, plan.actions or (), list(plan.was))
    sweep.total = sweep.contacts.count() if plan.is_listed else Contact.objects.count()
    sweep.save(update_fields=["total"])
