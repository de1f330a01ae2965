"""Leaderboards: who is first in a score, among whom."""

from __future__ import annotations

from dataclasses import dataclass

from contacts import conditions
from contacts.models import Contact
from scoring.models import ContactScore, Leaderboard


@dataclass(frozen=True)
class Place:
    rank: int
    contact: Contact
    score: float
    share: int  # of the first one's score, in percent: the length of its bar


def places(board: Leaderboard) -> list[Place]:
    """The contacts of a board, highest positive score first; ties by age of the contact (index `ranking`)."""
    rows = ContactScore.objects.filter(group=board.group, score__gt=0, contact__merged_into__isnull=True)
    if board.conditions:
        rows = rows.filter(contact__in=conditions.matching(board.conditions))
    rows = rows.select_related("contact__company", "contact__stage", "contact__owner").order_by("-score", "contact_id")[
        : board.size
    ]
    scores = [(row.contact, float(row.score)) for row in rows]
    best = max((score for _, score in scores), default=1)
    return [Place(rank, contact, score, round(100 * score / best)) for rank, (contact, score) in enumerate(scores, 1)]
