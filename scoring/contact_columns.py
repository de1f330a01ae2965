"""Today's scores as columns of the contact list: the overall score, and that of the first groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.columns import Among, Column, columns
from contacts.models import Contact
from contacts.wording import number
from scoring import values
from scoring.values import Values

GROUPS = 4  # as many as a page has room for


class Scores:
    key = "scores"

    def columns(self) -> Sequence[Column]:
        scores = values.every()
        of_groups = [score for score in scores.values() if score.group and score.group.archived_at is None]
        return [
            replace(_column("overall_score", _("score"), scores[None], 10), is_usual=True),
            *(
                _column(f"score_{score.group.pk}", score.group.name, score, number)
                for number, score in enumerate(of_groups[:GROUPS], 11)
                if score.group
            ),
        ]


def _column(key: str, title: Any, score: Values, position: int) -> Column:
    def annotate(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
        return score.annotated(contacts, key)

    def between(first: Decimal | None, last: Decimal | None) -> Q:
        return score.contacts(first, _end(last), paged=True)

    def page(
        among: Among,
        start: int,
        count: int,
        *,
        lowest: bool = False,
        first: Decimal | None = None,
        last: Decimal | None = None,
    ) -> list[int]:
        return score.page(among, start, count, lowest=lowest, first=first, end=_end(last))

    return Column(
        key=key,
        title=title,
        annotate=annotate,
        show=_shown(key),
        ordering=f"-{key}",
        position=position,
        permission="scoring.view_contactscore",
        page=page,
        between=between,
    )


def _end(last: Decimal | None) -> Decimal | None:
    return None if last is None else values.after(last)


def _shown(key: str) -> Callable[[Any], str]:
    def shown(contact: Any) -> str:
        value = getattr(contact, key)
        return "–" if value is None else number(value)

    return shown


columns.add(Scores())
