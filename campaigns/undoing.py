"""Rollbacks put scores back: who was past a threshold before the publication does not cross it by its being taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from campaigns.models import Firing, Trigger
from contacts import sql as contact_sql
from scoring import valuation
from scoring.models import Publication
from scoring.rulebook import Rulebook

if TYPE_CHECKING:
    from scoring.scores import Movement, Values

INSTANT = timedelta(microseconds=1)


def scores_before(publication_id: int | None, contact_ids: Collection[int]) -> Values | None:
    """What these contacts' scores were before there was what this publication rolls back; None where it rolls back nothing."""
    undone = Publication.objects.filter(rolled_back_by=publication_id).first() if publication_id else None
    if undone is None or undone.published_at is None or not contact_ids:
        return None
    at = undone.published_at - INSTANT
    return valuation.scores(Rulebook.as_of(at), sorted(contact_ids), at)


def crossing(trigger: Trigger, crossed: Sequence[Movement], before: Values | None) -> Sequence[Movement]:
    """Those of these movements that are more than a way back to where the score was.

    A way back counts where the firing that stood for it was noted as no longer true meanwhile.
    """
    if before is None:
        return crossed
    back = {m.contact_id for m in crossed if _is_past(trigger, before.get((m.contact_id, m.group_id), Decimal()))}
    back -= _withdrawn(trigger, back)
    return [movement for movement in crossed if movement.contact_id not in back]


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
