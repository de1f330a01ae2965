"""Walks over contacts, range by range, owed by changes of rules, weights and days; resumable after any crash.

Several workers walk at once, each in a range of its own (`scoring.ranges`).

A contact whom something happens to before the walk has come to them is brought up to date first, so that a live movement
never mixes old sums with new rules (`catch_up`). Scores are always made by the rules in force, which later changes are
part of: so whoever is owed several walks gets them all at once, whichever comes first.

A contact for whom that fails is left out (`leave_out`): the walk goes on and ends without them, and the next thing owed to
them, a later walk or another try, makes all of their scores anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import compress
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import sql as contact_sql
from contacts.models import Contact
from contacts.remarks import Remark
from scoring import decay, ledger, profiles, ranges, scores, set_aside, sql
from scoring.models import Publication, SetAside, Sweep, SweepContact, SweepRange
from scoring.rulebook import Rulebook
from scoring.scores import Movement, Ranges
from scoring.set_aside import Work
from tracking.verdicts import judging


class Brought(NamedTuple):
    """What a sweep did to contacts: `movements` of scores, and `contact_ids`, who have other scores or events than before.

    The movements are those that were asked for; whoever may have moved is among the contacts.
    """

    sweep: Sweep
    movements: list[Movement]
    contact_ids: Sequence[int]


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


ANEW = Plan(actions=None, terms={}, profiles=True)  # whatever the sums were


def owe(reason: str, plan: Plan, publication: Publication | None = None) -> Sweep:
    """Note that all contacts this plan concerns must be brought up to date.

    The caller owns the rules: a walk that others see after a later one would find contacts noted as seen to (`mark_swept`).
    """
    return Sweep.objects.create(reason=reason, publication=publication, plan=asdict(plan))


@transaction.atomic
def owe_repair(contact_ids: Sequence[int], publication: Publication | None = None) -> Sweep:
    """Note that everything about these contacts' scores must be made anew; what they cross is held. Waits for running batches."""
    sql.own_rules()
    terms = Rulebook.current().parameters()
    reason = str(publication) if publication else Remark(_("Reconciliation"))
    sweep = owe(reason, Plan(actions=None, terms=terms, profiles=True, listed=True), publication)
    _list(sweep, contact_ids)
    return sweep


@transaction.atomic
def next_range(size: int) -> tuple[Sweep, Sequence[int]] | None:
    """The next contacts, at most `size` of one range, that nobody is busy with, of the oldest unfinished sweep that has some.

    No contacts where a sweep has none left; None when nothing is owed, or others are busy with all of it. `ranges.take`, in
    the transaction that does the work, says which of them are still to be seen; then comes `ranges.advance`, or `finish`
    where there were none.
    """
    sql.share_rules()
    for sweep in Sweep.objects.filter(finished_at__isnull=True).order_by("id"):
        plan = Plan.of(sweep)
        if sweep.total is None and not _begin(sweep, plan, size):
            continue
        if (contact_ids := ranges.find(sweep, size, is_listed=plan.is_listed)) is not None:
            return sweep, contact_ids
    return None


def cancel(publications: Sequence[int], at: datetime) -> int:
    """End the walks that these publications owe, wherever they are; how many there were. The caller owns the rules."""
    going = list(Sweep.objects.filter(publication__in=publications, finished_at__isnull=True))
    SweepRange.objects.filter(sweep__in=going).delete()
    SweepContact.objects.filter(sweep__in=going).delete()
    return Sweep.objects.filter(pk__in=[sweep.pk for sweep in going]).update(finished_at=at)


def finish(sweep: Sweep) -> bool:
    """True if that ended it: it may be over already."""
    SweepContact.objects.filter(sweep=sweep).delete()
    return bool(Sweep.objects.filter(pk=sweep.pk, finished_at__isnull=True).update(finished_at=timezone.now()))


def bring(sweep: Sweep, contact_ids: Sequence[int]) -> list[Brought]:
    """Do to these contacts what the sweep of a new day does, when they are up to date with all else; what that moved.

    Repeating moves nothing. The caller holds the lock.
    """
    if sweep.day is None or not contact_ids:
        return []
    return [Brought(sweep, *_carried_out(Plan.of(sweep), contact_ids))]


def are_owed() -> bool:
    """Is anything owed to contacts but what a new day brings?"""
    return _owed().exists()


def catch_up(
    contact_ids: Sequence[int],
    without: Sequence[int] = (),
    walk: Sweep | None = None,
    watched: Ranges | None = None,
) -> list[Brought]:
    """Bring these contacts up to date with all that is owed to them; what that moved, and for which sweep.

    `without`: events that are about to be awarded, and must not be counted before. `walk`: the sweep that has come to them,
    and will note so. `watched`: of most movements, say only those that touch one of these ranges (see `scores.refresh`). The
    caller holds the lock. Of several sweeps owed to one contact, the movements are of the latest that publishes something.
    Whom the latest sweep left out is left alone; whom an earlier one left out gets all of their scores made anew.
    """
    owed = list(_owed().order_by("id"))
    if not contact_ids or not owed:
        return []
    brought = []
    left_out = _left_out(contact_ids)
    for due, behind in _behind(contact_ids, owed).items():
        blamed = max(due, key=lambda sweep: (sweep.publication_id is not None, sweep.pk))
        plan = Plan.together([Plan.of(sweep) for sweep in due])
        if fit := [pk for pk in behind if pk not in left_out]:
            brought.append(Brought(blamed, *_carried_out(plan, fit, without, watched)))
        if again := [pk for pk in behind if pk in left_out and owed[-1].pk not in left_out[pk]]:
            judging.judge_contacts(again)
            movements, _contacts = _carried_out(ANEW, again, without)
            brought.append(Brought(blamed, movements, again))
            SetAside.objects.filter(work=Work.SWEEP, contact__in=again).delete()
        if owed != [walk]:  # which says who was seen by how far it has come, and writes no row for it
            sql.mark_swept(fit + again, owed[-1].pk)
    return brought


def _behind(contact_ids: Sequence[int], owed: Sequence[Sweep]) -> Mapping[tuple[Sweep, ...], list[int]]:
    """Those of these contacts whom some of these sweeps have not seen to, by which: neither in passing nor before."""
    found: dict[tuple[Sweep, ...], list[int]] = {}
    left = ranges.left(contact_ids, owed)
    for swept, behind in sql.behind(contact_ids, owed[-1].pk).items():
        later = [sweep for sweep in owed if sweep.pk > swept]
        by_due: dict[tuple[bool, ...], list[int]] = defaultdict(list)
        for pk in behind:
            by_due[tuple([ranges.is_left(sweep, pk, left) for sweep in later])].append(pk)
        for is_due, contacts in by_due.items():
            if any(is_due):
                found.setdefault(tuple(compress(later, is_due)), []).extend(contacts)
    return found


@transaction.atomic
def leave_out(contact_id: int, error: str, sweep: Sweep | None = None) -> None:
    """Go on without a contact who cannot be brought up to date: with this sweep, or with any that is owed to them."""
    if sweep and ranges.take(sweep, [contact_id]):
        ranges.advance(sweep, [contact_id])
    sweeps = [sweep] if sweep else list(_owed())
    for one in sweeps:
        set_aside.note(Work.SWEEP, one.pk, error, contact_id)
    # Of what a publication owes, the latest try tells.
    earlier = Sweep.objects.filter(pk__in=_left_out([contact_id])[contact_id]).exclude(
        pk__in=[one.pk for one in sweeps]
    )
    tried_again = [one.pk for one in earlier if one.publication_id in {one.publication_id for one in sweeps}]
    SetAside.objects.filter(work=Work.SWEEP, contact=contact_id, ref_id__in=tried_again).delete()


def try_again(rows: QuerySet[SetAside]) -> int:
    """Put what was set aside back among what waits; how many. Scores that a walk left behind are made anew, all of them."""
    by_publication: dict[Publication | None, set[int]] = defaultdict(set)
    with transaction.atomic():
        sql.own_rules()
        count = rows.count()
        left_out = rows.filter(work__in=[Work.SWEEP, Work.FADING], contact__isnull=False)
        refs = left_out.filter(work=Work.SWEEP).values_list("ref_id", flat=True)
        sweeps = Sweep.objects.select_related("publication").in_bulk(set(refs))
        for work, ref_id, contact_id in left_out.values_list("work", "ref_id", "contact_id"):
            sweep = sweeps.get(ref_id) if work == Work.SWEEP else None
            by_publication[sweep.publication if sweep else None].add(contact_id)
        for publication, contact_ids in by_publication.items():
            owe_repair(sorted(contact_ids), publication)
        rows.exclude(work=Work.SWEEP).delete()  # of a walk's, `catch_up` takes them away where it succeeds
    return count


def _owed() -> QuerySet[Sweep]:
    return Sweep.objects.filter(finished_at__isnull=True, day__isnull=True)


def _left_out(contact_ids: Iterable[int]) -> Mapping[int, set[int]]:
    """By contact, the sweeps that went on without them."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = SetAside.objects.filter(work=Work.SWEEP, contact__in=contact_sql.one_of(list(contact_ids)))
    for contact_id, sweep_id in rows.values_list("contact_id", "ref_id"):
        found[contact_id or 0].add(sweep_id)
    return found


def make_anew(contact_ids: Sequence[int]) -> list[Movement]:
    """Make everything about these contacts' scores anew from what is recorded of them now, verdicts first; what that moved.

    The caller has shared the rules, holds the lock, and has caught up (`catch_up`) before the record changed.
    """
    judging.judge_contacts(contact_ids)  # whose events are others now: links of one message, a mark of the contact
    movements, _contacts = _carried_out(ANEW, contact_ids)
    return movements


def _carried_out(
    plan: Plan, contact_ids: Sequence[int], without: Sequence[int] = (), watched: Ranges | None = None
) -> tuple[list[Movement], Sequence[int]]:
    """The movements, and who may have moved: the rest are as they were."""
    since, today = scores.turned(), decay.today()
    if plan.marks:
        judging.judge_contacts(contact_ids)
    before = sql.values(contact_ids, since, plan.terms or None) if plan.terms is not None else {}
    deltas = ledger.reprice(contact_ids, plan.was)
    if (plan.actions is None or plan.actions) or plan.terms is not None or plan.was:
        deltas += ledger.replay(contact_ids, plan.actions, without, recap_all=plan.terms is not None)
    if plan.profiles:
        if plan.actions is None:
            sql.drop_wrong_profile_lines(contact_ids)  # the sums are made anew, too
        deltas += profiles.hold(contact_ids, without)
    movements = scores.refresh(deltas, watched)
    moved = {delta.contact_id for delta in deltas}
    if plan.terms is not None:
        sql.revalue(contact_ids)
        if since < today:  # midnight came before the turn of the day: what faded is in these movements
            sql.note_told(contact_ids)
        movements = scores.between(before, sql.values(contact_ids, today))
        moved |= {movement.contact_id for movement in movements}
    return movements, contact_ids if plan.marks else sorted(moved)


def _list(sweep: Sweep, contact_ids: Iterable[int | None]) -> None:
    rows = [SweepContact(sweep=sweep, contact_id=pk) for pk in contact_ids if pk]
    SweepContact.objects.bulk_create(rows, batch_size=5000, ignore_conflicts=True)


def _begin(sweep: Sweep, plan: Plan, size: int) -> bool:
    """Count the contacts whom this sweep concerns, and cut it into ranges; False if another worker does, or has just done so."""
    if not Sweep.objects.filter(pk=sweep.pk, total=None).select_for_update(skip_locked=True).first():
        return False
    if plan.marks:
        sql.list_marked(sweep.pk, plan.marks)
    if plan.is_listed and not plan.listed:
        sql.list_concerned(sweep.pk, plan.actions or (), list(plan.was))
        _list(sweep, SetAside.objects.filter(work=Work.SWEEP).values_list("contact_id", flat=True).distinct())
    sweep.total = sweep.contacts.count() if plan.is_listed else Contact.objects.count()
    sweep.save(update_fields=["total"])
    ranges.cut(sweep, size, is_listed=plan.is_listed)
    return True
