"""Leaderboards: who is first in a score, among whom, and of how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts import conditions
from contacts import sql as contact_sql
from contacts.models import Contact
from contacts.wording import whole
from scoring import values
from scoring.models import Leaderboard


@dataclass(frozen=True)
class Place:
    rank: int
    contact: Contact
    score: float
    share: int  # of the first one's score, in percent: the length of its bar


COUNTED = 1000  # contacts, and no further


@dataclass(frozen=True)
class Board:
    """A leaderboard as it is shown: so many of its places, and who is left out."""

    board: Leaderboard
    places: Sequence[Place]
    sentences: Sequence[str]


def shown(board: Leaderboard, most: int | None = None) -> Board:
    """The first of a board, and in words of how many they are and who is not among them."""
    found = places(board)[:most]
    said = [_of_how_many(len(found), counted(board))] if found else []
    if board.conditions:
        meant = {"conditions": conditions.describe(board.conditions)}
        said.append(_("Only contacts for whom this is true: %(conditions)s. All others are left out.") % meant)
    return Board(board, found, said)


def counted(board: Leaderboard) -> int:
    """How many contacts of those who are meant have points; COUNTED + 1 where they are more than that."""
    having = values.of(board.group_id).contacts(Decimal("0.01"), paged=True)
    return conditions.matching(board.conditions).order_by().filter(having).values("pk")[: COUNTED + 1].count()


def _of_how_many(first: int, count: int) -> str:
    if count > COUNTED:
        return _("The first %(first)s of more than %(count)s contacts with points here.") % {
            "first": whole(first),
            "count": whole(COUNTED),
        }
    if first >= count:
        return ngettext("%(count)s contact has points here.", "All %(count)s contacts with points here.", count) % {
            "count": whole(count)
        }
    return _("The first %(first)s of %(count)s contacts with points here.") % {
        "first": whole(first),
        "count": whole(count),
    }


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
