"""What each purpose of consent bars from being scored where it is not allowed."""

from __future__ import annotations

from typing import Any

from contacts import consent_policies
from contacts.models import Purpose
from scoring.sql.fragments import EVERYTHING
from tracking.consents import PURPOSE_OF


def purposes() -> list[dict[str, Any]]:
    """Which kinds of events each purpose bars when it is refused; profiling all of them, also when a yes is missing.

    An event that was stored as somebody's was allowed when it came: only a no takes its points. What this says is stored with
    each score, so no process goes by what it remembers: a walk begins within a second of a change.
    """
    rows: list[dict[str, Any]] = [
        {"purpose": purpose.value, "kind": int(kind), "unanswered": True} for kind, purpose in PURPOSE_OF.items()
    ]
    assumed = Purpose.PROFILING not in consent_policies.in_force()
    return [*rows, {"purpose": Purpose.PROFILING.value, "kind": EVERYTHING, "unanswered": assumed}]
