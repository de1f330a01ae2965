"""Leaderboards: who is first in a score, among whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from contacts import conditions
from contacts import sql as contact_sql
from contacts.models import Contact
from scoring import values
from scoring.models import Leaderboard


@dataclass(frozen=True)
class Place:
    rank: int
    contact: Contact
    score: float
    share: int  # of the first one's score, in percent: the length of its bar


def places(board: Leaderboard) -> list[Place]:
    """The contacts of a board, highest positive score of today first; ties by age of the contact."""

    def among(ids: Sequence[int] | None) -> QuerySet[Contact]:
        return conditions.matching(board.conditions, None if ids is None else contact_sql.contacts(ids)).order_by()

    score = values.of(board.group_id)
    first = score.top(board.size, among) if board.conditions else score.top(board.size)
    scores = {pk: float(value) for pk, value in first if value > 0}
    best = max(scores.values(), default=1)
    contacts = Contact.objects.select_related("company", "stage", "owner").in_bulk(scores)
    return [
        Place(rank, contacts[pk], score, round(100 * score / best))
        for rank, (pk, score) in enumerate(scores.items(), 1)
        if pk in contacts
    ]
