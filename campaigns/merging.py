"""Campaigns' part of a merge: what was sent, fired and begun for either was for the winner, and happens once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import merging_sql as sql
from campaigns import triggers, webinars
from campaigns.models import Delivery, Enrolment, Firing, Message, Registration
from contacts.merging import Job, Part, parts
from contacts.merging.parts import Figures
from contacts.remarks import Remark
from scoring.models import Publication

OPEN = (Enrolment.State.ACTIVE, Enrolment.State.HELD)  # of which a contact has one in each campaign, at most


@parts.register
class Automation(Part):
    key = "campaigns"
    position = 30
    lock_position = 20
    covers = frozenset(f"campaigns.{model.__name__}" for model in (Firing, Delivery, Message, Enrolment, Registration))

    def lock(self, ids: Sequence[int]) -> None:
        sql.lock_deliveries(ids)

    def move(self, job: Job) -> dict[str, Any]:
        _fire_owed(job)
        winner, loser = job.winner_id, job.loser_id
        moved = {
            "deliveries": _give(Delivery, winner, loser),
            "messages": _give(Message, winner, loser),
            "ended": _end_second(winner, loser),
            "firings": _join("firing", winner, loser),
            "enrolments": _join("enrolment", winner, loser),
            "cancelled": _cancel_spare(winner),
            "declined": _decline_spare(winner),
        }
        webinars.note_anew(job.ids)
        _fire(job, [winner])
        return moved

    def put_back(self, job: Job, moved: Mapping[str, Any]) -> None:
        _fire_owed(job)
        winner, loser = job.winner_id, job.loser_id
        Delivery.objects.filter(pk__in=moved["deliveries"], contact=winner).update(contact=loser)
        Message.objects.filter(pk__in=moved["messages"], contact=winner).update(contact=loser)
        _part("firing", moved["firings"], winner, loser)
        _part("enrolment", moved["enrolments"], winner, loser)
        _resume(job, moved["ended"])
        _unspare(job, moved)
        webinars.note_anew(job.ids)
        _fire(job, job.ids)

    def figures(self, contact_id: int) -> Figures:
        fired = Firing.objects.filter(contact=contact_id, state__in=[Firing.State.FIRED, Firing.State.HELD])
        under_way = Enrolment.objects.filter(contact=contact_id, state=Enrolment.State.ACTIVE)
        return {
            _("Triggers that fired"): ", ".join(sorted(set(fired.values_list("trigger__name", flat=True)))),
            _("Campaigns under way"): ", ".join(sorted(under_way.values_list("campaign__name", flat=True))),
            _("Deliveries"): Delivery.objects.filter(contact=contact_id).count() or "",
            _("Sent messages"): Message.objects.filter(contact=contact_id).count() or "",
        }


def _fire_owed(job: Job) -> None:
    """What re-scoring that was owed crosses is held, as it would have been without the merge."""
    for sweep, movements, _contacts in job.owed:
        triggers.fire(movements, held=True, publication_id=sweep.publication_id)


def _fire(job: Job, contact_ids: Sequence[int]) -> None:
    """A contact that is merged away crosses nothing on its way down."""
    before = set(Firing.objects.filter(contact__in=contact_ids).values_list("pk", flat=True))
    movements = [movement for movement in job.movements if movement.contact_id in contact_ids]
    triggers.fire(movements, held=job.held)
    new = Firing.objects.filter(contact__in=contact_ids).exclude(pk__in=before).exclude(state=Firing.State.UNMET)
    for name in sorted(set(new.values_list("trigger__name", flat=True))):
        job.consequences.append(_("The score crosses “%(trigger)s”.") % {"trigger": name})


def _give(model: Any, winner: int, loser: int) -> list[int]:
    ids = sorted(model.objects.filter(contact=loser).values_list("pk", flat=True))
    model.objects.filter(pk__in=ids).update(contact=winner)
    return ids


def _join(table: str, winner: int, loser: int) -> list[dict[str, int]]:
    """One count of cycles for both; what each row was."""
    rows = sql.union(table, winner, loser)
    sql.place(table, [{"id": row["id"], "contact_id": winner, "cycle": row["new_cycle"]} for row in rows])
    return [{"id": row["id"], "contact_id": row["contact_id"], "cycle": row["cycle"]} for row in rows]


def _part(table: str, rows: Sequence[Mapping[str, int]], winner: int, loser: int) -> None:
    """Give each its contact and its place in the count of cycles back. What either has besides comes after them.

    What the winner no longer has, since another merge was undone, stays where it is.
    """
    model: Any = Firing if table == "firing" else Enrolment
    owner = "trigger_id" if table == "firing" else "campaign_id"
    there = dict(model.objects.filter(pk__in=[row["id"] for row in rows], contact=winner).values_list("pk", owner))
    placed = sorted((row for row in rows if row["id"] in there), key=lambda row: row["cycle"])
    others = model.objects.filter(**{f"{owner}__in": set(there.values())}, contact__in=[winner, loser])
    besides = list(others.exclude(pk__in=there).order_by("cycle").values_list("pk", "contact", owner))
    order = [(row["id"], row["contact_id"], there[row["id"]]) for row in placed] + besides
    cycles: Counter[tuple[int, int]] = Counter()
    numbered = []
    for pk, contact_id, owner_id in order:
        cycles[contact_id, owner_id] += 1
        numbered.append({"id": pk, "contact_id": contact_id, "cycle": cycles[contact_id, owner_id]})
    sql.place(table, numbered)


def _end_second(winner: int, loser: int) -> list[dict[str, Any]]:
    """Of two ways through one campaign the one further along goes on, of equals the winner's; one under way before one held."""
    ended = []
    is_open = Enrolment.objects.filter(state__in=OPEN).select_for_update().order_by("pk")
    ours = {row.campaign_id: row for row in is_open.filter(contact=winner)}
    for theirs in is_open.filter(contact=loser):
        if mine := ours.get(theirs.campaign_id):
            ended.append(_end(mine if _progress(theirs) > _progress(mine) else theirs))
    return ended


def _progress(enrolment: Enrolment) -> tuple[bool, int]:
    return enrolment.state == Enrolment.State.ACTIVE, enrolment.position


def _end(enrolment: Enrolment) -> dict[str, Any]:
    """What it takes to let it go on. One that was held has never begun."""
    due_at, state = enrolment.due_at and enrolment.due_at.isoformat(), enrolment.state
    ended = Enrolment.State.LEFT if state == Enrolment.State.ACTIVE else Enrolment.State.DECLINED
    Enrolment.objects.filter(pk=enrolment.pk).update(state=ended, due_at=None, ended_at=timezone.now())
    return {"id": enrolment.pk, "due_at": due_at, "state": state}


def _resume(job: Job, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let go on what was ended, unless it was started again meanwhile; what still stands back, does for a later merge."""
    waiting = {row["id"]: row for row in (*rows, *job.kept("campaigns", "ended"))}
    ended = Q(state=Enrolment.State.LEFT) | Q(state=Enrolment.State.DECLINED, decided_by=None)
    left = []
    for enrolment in sorted(Enrolment.objects.filter(ended, pk__in=waiting), key=lambda row: (-row.position, row.pk)):
        row = waiting[enrolment.pk]
        same = Enrolment.objects.filter(campaign=enrolment.campaign_id, contact=enrolment.contact_id, state__in=OPEN)
        if same.exists():
            left.append(row)
            continue
        due_at = parse_datetime(row["due_at"]) if row["due_at"] else None
        state = row.get("state", Enrolment.State.ACTIVE)
        Enrolment.objects.filter(pk=enrolment.pk).update(state=state, due_at=due_at, ended_at=None)
    _hand_on(job, "ended", left)


def _unspare(job: Job, moved: Mapping[str, Any]) -> None:
    """Let be done after all what was cancelled or declined, unless it is one too many still."""
    for pk, state in (*moved["cancelled"], *job.kept("campaigns", "cancelled")):
        Delivery.objects.filter(pk=pk, state=Delivery.State.CANCELLED).update(state=state, done_at=None)
    ids = [*moved["declined"], *job.kept("campaigns", "declined")]
    declined = Firing.objects.filter(pk__in=ids, state=Firing.State.DECLINED, decided_by=None)
    declined.filter(publication__state=Publication.State.ROLLED_BACK).update(state=Firing.State.OUTDATED)
    declined.update(state=Firing.State.HELD, decided_at=None)
    if job.later:
        _hand_on(job, "cancelled", _cancel_spare(job.winner_id))
        _hand_on(job, "declined", _decline_spare(job.winner_id))


def _hand_on(job: Job, key: str, rows: Sequence[Any]) -> None:
    """From now on the first of the later merges answers for these, as for what each of them did."""
    for number, merge in enumerate(job.later):
        merge.moved["campaigns"][key] = [] if number else list(rows)


def _cancel_spare(winner: int) -> list[tuple[int, str]]:
    spare = Delivery.objects.filter(pk__in=sql.spare_deliveries(winner)).order_by("pk")
    states = list(spare.values_list("pk", "state"))
    outcome = Remark(gettext_lazy("Not done twice: the contact was merged with one for whom it is done."))
    Delivery.objects.filter(pk__in=[pk for pk, _state in states]).update(
        state=Delivery.State.CANCELLED, done_at=timezone.now(), outcome=outcome
    )
    return states


def _decline_spare(winner: int) -> list[int]:
    ids = sql.spare_firings(winner)
    Firing.objects.filter(pk__in=ids).update(state=Firing.State.DECLINED, decided_at=timezone.now())
    return ids
