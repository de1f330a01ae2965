"""The past as conditions see it: who matched at an instant, under the conditions of today.

The database notes every change of a contact's own data, so what was true can be found by going back from what is.
The filters are the same: they find tables of the past under the names they know, and a clock that says it is then.

What comes out is what had **happened** by the instant (`at`), whenever we heard of it (`received_at`): a hit that was
delivered late counts at its time, as it does for scores, and history that was loaded afterwards is history. It is not
what had not happened yet, so nothing leaks from after a cut-off. Not rewound, because it is not noted:

- who somebody is: a visitor who was recognised since, an event given to a merged contact, a verdict that was changed,
  belong where they belong today (but a contact that was merged since stands for itself again);
- contacts that were deleted are gone with all that was noted of them;
- what a company says (its name, its size); which company a contact was at is rewound;
- what custom fields, stages, tags and segments are called or mean, and where a stage stands in the funnel;
- why and since when somebody is in a segment, has a tag or is blocked: only that they are;
- scores: the filter "score" answers with today's (profile rules cannot ask it). A dynamic segment that depends on
  scores is rewound like any other, by who entered and left it.

Contacts exist from their `created_at` on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from contacts import clock, conditions
from contacts.models import Contact
from tracking import past_sql
from tracking.past_sql import ReadOnlyPast

__all__ = ["ReadOnlyPast", "as_of", "matching"]

_is_past: ContextVar[bool] = ContextVar("is_past", default=False)


@contextmanager
def as_of(at: datetime, contact_ids: Collection[int] | None = None) -> Iterator[None]:
    """Within, `conditions.matching` and whatever reads contacts and events find them as they were at this instant.

    With `contact_ids` only these contacts exist, which takes milliseconds for a few. Querysets must be evaluated within.
    Writing is refused. Whatever this made is undone at the end, and the caller's transaction goes on as it was; one past
    at a time. Needs the primary server: temporary tables cannot be made on a replica.
    """
    if _is_past.get():
        raise RuntimeError("this is the past already: one instant at a time")
    ids = None if contact_ids is None else sorted(set(contact_ids))
    token = _is_past.set(True)
    try:
        with clock.at(at), past_sql.rewound(at, ids):
            yield
    finally:
        _is_past.reset(token)


def matching(tree: Any, at: datetime, contact_ids: Collection[int] | None = None) -> set[int]:
    """The contacts (of these, if given) who matched the tree at this instant."""
    among = None if contact_ids is None else Contact.objects.all()
    with as_of(at, contact_ids):
        return set(conditions.matching(tree, among).order_by().values_list("pk", flat=True))
