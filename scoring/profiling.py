"""Permission to score: who is not profiled has no points at all, and what needs a consent that was refused earns nothing.

Part of what a score is a function of. It is kept with the overall score (`ContactScore.barred`), read by every statement
that counts, and made true again by `settle`: when a contact answers, when a new contact is first seen, and in a walk over
everybody when the instance changes what it asks for. What was stored lawfully stays stored, so that a yes brings it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from contacts.models import Contact
from scoring import ledger
from scoring.models import ContactScore
from scoring.purposes import purposes
from scoring.scores import Delta
from scoring.sql import permission as sql
from scoring.sql.fragments import EVERYTHING


def settle(contact_ids: Sequence[int], without: Sequence[int] = ()) -> list[Delta]:
    """Make true what these contacts allow, and score them anew where that changed; what moved. Repeating moves nothing.

    Events in `without` are left for `ledger.award`. The caller holds the score lock.
    """
    changed = sql.settle(contact_ids, purposes()) if contact_ids else []
    if not changed:
        return []
    ways = {row["contact_id"]: row["was_off"] - row["is_off"] for row in changed}
    turned = {contact_id: way for contact_id, way in ways.items() if way}
    given = [Delta(**row) for row in sql.adjusted(turned)] if turned else []
    return given + ledger.replay(sorted(ways), without=without)


def off(contact_ids: Sequence[int]) -> set[int]:
    """Those of these contacts who are not scored at all: they do not allow profiling."""
    return sql.off(contact_ids) if contact_ids else set()


def scored(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    """Without those who are not scored at all."""
    return contacts.exclude(_is_off("pk"))


def counted(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Adjustments, or scores, without those of contacts who are not scored at all."""
    return rows.exclude(_is_off("contact"))


def _is_off(contact: str) -> Exists:
    rows = ContactScore.objects.filter(contact=OuterRef(contact), group=None, barred__isnull=False)
    return Exists(rows.filter(barred__contains=[EVERYTHING]))
