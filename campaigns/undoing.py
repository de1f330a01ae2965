"""Rollbacks put scores back: who was past a threshold before the publication does not cross it by its being taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from campaigns.models import Firing, Trigger
from contacts import sql as contact_sql
from scoring import publications, valuation
from scoring.models import Publication
from scoring.rulebook import Rulebook

if TYPE_CHECKING:
    from scoring.scores import Movement, Values

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Before:
    """What scores were before there was what a rollback takes back."""

    undone: Publication
    scores: Values


def before(publication_id: int | None, contact_ids: Collection[int]) -> Before | None:
    """What these contacts' scores were before there was what this publication rolls back; None where it rolls back nothing."""
    undone = Publication.objects.filter(rolled_back_by=publication_id).first() if publication_id else None
    if undone is None or not contact_ids:
        return None
    return Before(undone, _scores_before(undone, contact_ids))


def apart(trigger: Trigger, crossed: Sequence[Movement], before: Before) -> tuple[set[int], Sequence[Movement]]:
    """Of these movements, whose are only a way back to where the score was, and those that are more.

    A way back counts where the firing that stood for it was noted as no longer true meanwhile, and where there was none: the
    score was put back before the walk that would have moved it had come to the contact.
    """
    scores = before.scores
    back = {m.contact_id for m in crossed if _is_past(trigger, scores.get((m.contact_id, m.group_id), Decimal()))}
    back -= _withdrawn(trigger, back)
    back -= _never_moved(trigger, back, before.undone)
    return back, [movement for movement in crossed if movement.contact_id not in back]


def _scores_before(publication: Publication, contact_ids: Collection[int]) -> Values:
    at = (publication.published_at or timezone.now()) - INSTANT
    return valuation.scores(Rulebook.as_of(at), sorted(contact_ids), at)


def _is_past(trigger: Trigger, score: Decimal) -> bool:
    rising = trigger.direction == Trigger.Direction.RISING
    return score >= trigger.threshold if rising else score < trigger.threshold


def _withdrawn(trigger: Trigger, contact_ids: Collection[int]) -> set[int]:
    latest = (
        Firing.objects.filter(trigger=trigger, contact__in=contact_sql.one_of(list(contact_ids)))
        .order_by("contact_id", "-cycle")
        .distinct("contact_id")
    )
    return {pk for pk, state in latest.values_list("contact_id", "state") if state == Firing.State.OUTDATED}


def _never_moved(trigger: Trigger, contact_ids: Collection[int], undone: Publication) -> set[int]:
    """Whom the publication that is in force again now had brought past the threshold by the rules alone, not by its walk."""
    origin = publications.undoes(undone)
    if origin is None or not contact_ids:
        return set()
    fired = Firing.objects.filter(trigger=trigger, contact__in=contact_sql.one_of(list(contact_ids)))
    since = set(fired.filter(at__gte=origin.published_at).values_list("contact_id", flat=True))
    if not (unsure := set(contact_ids) - since):
        return set()
    scores = _scores_before(origin, unsure)
    return {pk for pk in unsure if not _is_past(trigger, scores.get((pk, trigger.group_id), Decimal()))}
