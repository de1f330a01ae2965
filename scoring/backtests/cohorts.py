"""Whom a back-test is about: the contacts there were on the cut-off date, what they scored then, who converted after it.

Whoever does not allow profiling is left out. Nothing of what happened after the cut-off reaches a score: events,
adjustments and profiles are as of then (scoring.valuation, and tracking.past on what cannot be rewound because it was
never noted).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from contacts.models import Contact
from contacts.registry import unknown_label
from scoring import profiling, valuation
from scoring.models import BackTest
from scoring.outcomes import outcomes
from scoring.rulebook import Rulebook
from tracking import past


@dataclass(frozen=True)
class Cohort:
    """Some of the contacts: whether each converted, and their scores by rulebook; `earlier` were left out."""

    converted: Sequence[bool]
    scores: Mapping[str, Sequence[Decimal]]
    earlier: int


def everybody(test: BackTest) -> QuerySet[Contact]:
    """The contacts there were. Who was merged since is left out: their history is somebody else's now."""
    return Contact.objects.filter(created_at__lte=test.at, merged_into__isnull=True).order_by("pk")


def look(test: BackTest, books: Mapping[str, Rulebook], contact_ids: Sequence[int]) -> Cohort:
    """What is found of these contacts. Raises ValidationError for an outcome we no longer know."""
    if (outcome := outcomes.get(test.outcome)) is None:
        raise ValidationError(unknown_label(test.outcome))
    ids = set(contact_ids)
    if test.conditions:
        ids &= past.matching(test.conditions, test.at, contact_ids)
    earlier = set() if test.with_earlier else outcome.had(test.params, sorted(ids), test.at)
    people = sorted(ids - earlier - profiling.off(contact_ids))
    converted = outcome.converted(test.params, people, test.at, test.until)
    return Cohort(
        converted=[pk in converted for pk in people],
        scores={name: _scores(book, people, test) for name, book in books.items()},
        earlier=len(earlier),
    )


def _scores(book: Rulebook, people: Sequence[int], test: BackTest) -> list[Decimal]:
    values = valuation.scores(book, people, test.at)
    return [values.get((pk, test.group_id), Decimal()) for pk in people]
