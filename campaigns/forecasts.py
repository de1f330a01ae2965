"""Who would cross which trigger if the draft were published: exactly those whom publishing then holds.

Crossings are decided by the functions of `triggers` that decide them live.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns import publishing, triggers
from campaigns.models import Firing, Trigger
from contacts import sql as contact_sql
from scoring import foreseen
from scoring.models import Edit, Forecast, Publication
from scoring.scores import Movement


class Outcome(models.TextChoices):
    """What a crossing would come to."""

    HELD = "held", _("Waits for your release")
    UNMET = "unmet", _("Condition not met")
    BEFORE = "before", _("Fired or marked before")  # or waits, or was declined
    BACK = "back", _("Back on the other side")


@dataclass(frozen=True)
class Crossed:
    contact_id: int
    before: Decimal
    after: Decimal
    outcome: Outcome

    @property
    def direction(self) -> str:
        return "up" if self.after >= self.before else "down"


@dataclass(frozen=True)
class TriggerForecast:
    """A trigger as the draft would have it, and everybody whose score would pass its threshold, in contact order."""

    trigger: Trigger
    rows: Sequence[Crossed]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        return Counter(row.outcome for row in self.rows)


def crossings(publication: Publication) -> list[TriggerForecast]:
    """For each trigger that is (or would be) active: who would cross it, by the forecast of this draft."""
    edits = {edit.ref_id: edit for edit in publication.edits.filter(type=publishing.Triggers.key)}
    found = []
    for trigger in _in_use(edits):
        rows = _rows(trigger, publication, edits.get(trigger.pk))
        if rows:
            found.append(TriggerForecast(trigger, rows))
    return found


def _in_use(edits: Mapping[int, Edit]) -> list[Trigger]:
    at = timezone.now()
    triggers_now = {trigger.pk: trigger for trigger in Trigger.objects.active(at).select_related("group")}
    for trigger in Trigger.objects.filter(pk__in=edits).select_related("group"):
        triggers_now[trigger.pk] = publishing.filled(trigger, edits[trigger.pk].after or {})
    return sorted((one for one in triggers_now.values() if one.is_active), key=lambda one: (one.threshold, one.pk))


def _rows(trigger: Trigger, publication: Publication, edit: Edit | None) -> list[Crossed]:
    through = Q(before__lt=trigger.threshold, after__gte=trigger.threshold)  # up, or
    through |= Q(after__lt=trigger.threshold, before__gte=trigger.threshold)  # down: nobody else need be looked at
    forecasts = Forecast.objects.filter(through, publication=publication, group=trigger.group_id).order_by("contact_id")
    moves = [Movement(*row) for row in forecasts.values_list("contact_id", "group_id", "before", "after").iterator()]
    crossed = {move.contact_id: move for move in triggers.crossing(trigger, moves)}
    there = _already(trigger) if edit and publishing.reaches_more(edit) else {}
    moved, crossed = crossed.keys(), there | crossed
    spent = _spent(trigger, crossed)
    met = triggers.met(trigger, there.keys() - moved - spent)
    with foreseen.after(publication.pk):  # they fire once all of their scores have moved
        met |= triggers.met(trigger, moved - spent)
    rows = [Crossed(pk, move.before, move.after, _outcome(pk, spent, met)) for pk, move in crossed.items()]
    rows += [
        Crossed(move.contact_id, move.before, move.after, Outcome.BACK)
        for move in _falling_back(trigger, moves)
        if move.contact_id not in crossed
    ]
    return sorted(rows, key=lambda row: row.contact_id)


def _outcome(contact_id: int, spent: set[int], met: set[int]) -> Outcome:
    if contact_id in spent:
        return Outcome.BEFORE
    return Outcome.HELD if contact_id in met else Outcome.UNMET


def _already(trigger: Trigger) -> dict[int, Movement]:
    """Who is past the threshold now: publishing a trigger that is switched on or moved holds a firing for them."""
    scores: Iterable[tuple[int, Any]] = triggers.already(trigger).values_list("contact_id", triggers.VALUE)
    return {pk: Movement(pk, trigger.group_id, score, score) for pk, score in scores}


def _falling_back(trigger: Trigger, moves: Sequence[Movement]) -> list[Movement]:
    """The way back through the threshold is the way forth of a movement turned round."""
    turned = [Movement(move.contact_id, move.group_id, move.after, move.before) for move in moves]
    return [
        Movement(move.contact_id, move.group_id, move.after, move.before) for move in triggers.crossing(trigger, turned)
    ]


def _spent(trigger: Trigger, crossed: Mapping[int, Movement]) -> set[int]:
    """Those whose latest firing stands: nothing fires again, unless the way here leads past the re-arm level."""
    latest = (
        Firing.objects.filter(trigger=trigger, contact__in=contact_sql.one_of(list(crossed)))
        .order_by("contact_id", "-cycle")
        .distinct("contact_id")
        .values_list("contact_id", "state", "rearmed_at")
    )
    again = trigger.again == Trigger.Again.REARM
    rearmed = {move.contact_id for move in triggers.back(trigger, list(crossed.values()))}
    return {
        pk
        for pk, state, rearmed_at in latest
        if state not in (Firing.State.UNMET, Firing.State.OUTDATED) and not (again and (rearmed_at or pk in rearmed))
    }
