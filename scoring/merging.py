"""Scoring's part of a merge: adjustments move, profile lines keep their day, and everything else is made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.merging import Job, Part, parts
from contacts.merging.parts import Figures
from contacts.wording import number
from scoring import decay, scores, sql, sweeps
from scoring.models import OF_CONTACTS, Adjustment, Holding, PointEntry, PointGroup


@parts.register
class Points(Part):
    """Lines and sums are derived, so they are not moved but reckoned from the union: "once" stays once."""

    key = "scoring"
    position = 20
    lock_position = 10
    covers = OF_CONTACTS

    def lock(self, ids: Sequence[int]) -> None:
        sql.share_rules()
        list(_waiting(ids).select_for_update().order_by("pk").values_list("pk"))

    def begin(self, job: Job) -> None:
        """Hold the scores, and see to what a walk owes them before anything moves."""
        scores.lock(job.ids)
        job.owed = list(sweeps.catch_up(job.ids))

    def move(self, job: Job) -> dict[str, Any]:
        winner, loser = job.winner_id, job.loser_id
        adjustments = list(Adjustment.objects.filter(contact=loser).order_by("pk").values_list("pk", flat=True))
        Adjustment.objects.filter(pk__in=adjustments).update(contact=winner)
        held = Holding.objects.filter(contact=loser, until=None).order_by("pk")
        closed, begun = list(held.values_list("pk", flat=True)), _go_on(held, winner)
        job.movements = sweeps.make_anew(job.ids)
        _close_empty([*closed, *begun])
        return {"adjustments": adjustments, "holdings": closed}

    def put_back(self, job: Job, moved: Mapping[str, Any]) -> None:
        winner, loser = job.winner_id, job.loser_id
        Adjustment.objects.filter(pk__in=moved["adjustments"], contact=winner).update(contact=loser)
        Holding.objects.filter(pk__in=moved["holdings"], contact=loser).update(until=None)
        job.movements = sweeps.make_anew(job.ids)
        _close_empty(moved["holdings"])

    def figures(self, contact_id: int) -> Figures:
        values = sql.values([contact_id], decay.today())
        shown = {group: number(value) for (_contact, group), value in values.items()}
        return {
            _("Overall score"): shown.get(None, ""),
            **{str(group): shown.get(group.pk, "") for group in PointGroup.objects.all()},
            _("Points outside the rules"): Adjustment.objects.filter(contact=contact_id).count() or "",
        }


def _waiting(ids: Sequence[int]) -> Any:
    return Adjustment.objects.filter(contact__in=ids, applied_at=None)


def _go_on(held: Any, winner: int) -> list[int]:
    """Let profile lines that only the loser had go on for the winner, if they match: no point gets younger by a merge."""
    there = Holding.objects.filter(contact=winner, until=None).values("version_id")
    new = [
        Holding(contact_id=winner, version_id=row.version_id, since=timezone.now(), first_at=row.first_at)
        for row in held.exclude(version__in=there)
    ]
    return [row.pk for row in Holding.objects.bulk_create(new)]


def _close_empty(ids: Sequence[int]) -> None:
    """Close those of these holdings that have no line: the contact does not match after all."""
    for holding in Holding.objects.filter(pk__in=ids, until=None):
        if not PointEntry.objects.filter(contact=holding.contact_id, version=holding.version_id).exists():
            Holding.objects.filter(pk=holding.pk).update(until=timezone.now())
