"""What a sample of the contacts tells at once, where counting them all would take seconds."""

from __future__ import annotations

from random import sample

from django.db.models import Max, QuerySet

from contacts.models import Contact
from contacts.sql import one_of

SIZE = 1000
LEAST = 30  # of a sample that say anything
TIMES = 3  # as many as are asked about: with no more than those, one sample in ten million has so many


def are_more(contacts: QuerySet[Contact], than: int) -> bool:
    """Are these contacts for certain more than so many, and no few among all? False where it cannot be told."""
    last = Contact.objects.aggregate(last=Max("pk"))["last"] or 0
    if last < 2 * TIMES * than:
        return False
    size = min(SIZE, last)
    found = contacts.order_by().filter(pk__in=one_of(sample(range(1, last + 1), size))).values("pk").count()
    return found >= max(LEAST, size * TIMES * than // last)
