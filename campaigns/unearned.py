"""What was done for scores that were not earned: actions that would not have run, had the verdicts been what they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from campaigns.models import Firing, Trigger
from scoring import valuation
from scoring.rulebook import Rulebook

LIMIT = 100  # of the newest firings that are looked at: each is valued at its own instant


@dataclass(frozen=True)
class Unearned:
    """A firing whose score, at that moment and by the rules of that moment, would not have reached the threshold."""

    firing: Firing
    threshold: Decimal
    score: Decimal  # what it would have been


def unearned(contact_ids: Sequence[int], limit: int = LIMIT) -> list[Unearned]:
    """Of the newest `limit` firings that acted for these contacts at a rising score, those that would not have happened."""
    firings = (
        Firing.objects.filter(
            contact__in=contact_ids, state=Firing.State.FIRED, trigger__direction=Trigger.Direction.RISING
        )
        .select_related("trigger", "contact", "version")
        .prefetch_related("deliveries")
        .order_by("-at", "-pk")[:limit]
    )
    return [found for firing in firings if (found := _look(firing)).score < found.threshold]


def _look(firing: Firing) -> Unearned:
    then = valuation.scores(Rulebook.as_of(firing.at), [firing.contact_id], firing.at)
    score = then.get((firing.contact_id, firing.trigger.group_id), Decimal())
    told = firing.version.snapshot.get("threshold") if firing.version else None
    return Unearned(firing, Decimal(told) if told else firing.trigger.threshold, score)
