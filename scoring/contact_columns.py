"""The overall score as a column of the contact list."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from contacts.columns import Column, columns
from contacts.models import Contact
from scoring.models import ContactScore


def with_score(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    overall = ContactScore.objects.filter(contact=OuterRef("pk"), group=None).values("score")
    return contacts.annotate(overall_score=Subquery(overall))


def shown(contact: Any) -> str:
    score = contact.overall_score
    return "–" if score is None else number_format(score.normalize(), use_l10n=True)


columns.add(
    Column(
        key="overall_score",
        title=_("score"),
        annotate=with_score,
        show=shown,
        ordering="-overall_score",
        position=10,
        permission="scoring.view_contactscore",
    )
)
