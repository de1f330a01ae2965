"""What a sweep that has begun has still to see, in ranges of contacts: each worker holds the one it is busy with.

What is left of it when a worker dies is free for the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from django.db.models import F, QuerySet

from contacts.models import Contact
from scoring import sql
from scoring.models import Sweep, SweepContact, SweepRange

AT_MOST = 200  # of one sweep, about: whatever happens while it goes on is compared with those that are left
Left = Mapping[int, Sequence[tuple[int, int]]]


def cut(sweep: Sweep, size: int, *, is_listed: bool) -> None:
    """Divide the contacts this sweep concerns, who have been counted, so that a range is `size` of them or a multiple."""
    sql.cut(sweep.pk, size * max(1, round((sweep.total or 0) / size / AT_MOST)), is_listed)


def find(sweep: Sweep, size: int, *, is_listed: bool) -> list[int] | None:
    """The next contacts, at most `size` of one range, that no worker is busy with. [] if none are left, None if all are held.

    Held until the transaction ends.
    """
    while free := sweep.ranges.select_for_update(skip_locked=True).order_by("end_id").first():
        if contact_ids := list(_within(free, is_listed)[:size]):
            return contact_ids
        free.delete()
    return None if sweep.ranges.exists() else []


def take(sweep: Sweep, contact_ids: Sequence[int]) -> list[int]:
    """Those of these contacts, of one range, whom the sweep has not seen meanwhile, nor is seeing, until the transaction ends."""
    mine = _around(sweep, contact_ids).select_for_update(skip_locked=True).first()
    return [pk for pk in contact_ids if pk >= mine.next_id] if mine else []


def advance(sweep: Sweep, contact_ids: Sequence[int]) -> None:
    """Note that these contacts, which were taken, have been seen. Then all workers wait: the transaction should end."""
    _around(sweep, contact_ids).update(next_id=max(contact_ids) + 1)
    Sweep.objects.filter(pk=sweep.pk).update(seen=F("seen") + len(contact_ids))


def left(contact_ids: Sequence[int], owed: Sequence[Sweep]) -> Left:
    """By sweep, what is left of its ranges around these contacts, in order: the first id, and the first beyond."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    around = SweepRange.objects.filter(sweep__in=owed, next_id__lte=max(contact_ids), end_id__gt=min(contact_ids))
    for sweep_id, first, end in around.order_by("end_id").values_list("sweep", "next_id", "end_id"):
        found[sweep_id].append((first, end))
    return found


def is_left(sweep: Sweep, contact_id: int, ranges: Left) -> bool:
    """Has the sweep, which was read before the ranges, still to see this contact? The caller holds the contact's lock."""
    if sweep.total is None:
        return True  # it had not begun, and cannot have come to them since
    mine = ranges.get(sweep.pk, ())
    place = bisect_right(mine, contact_id, key=itemgetter(0))
    return place > 0 and contact_id < mine[place - 1][1]


def _within(free: SweepRange, is_listed: bool) -> QuerySet[Any, int]:
    """Whom this range still has to see, in order."""
    if is_listed:
        listed = SweepContact.objects.filter(
            sweep=free.sweep_id, contact_id__gte=free.next_id, contact_id__lt=free.end_id
        )
        return listed.order_by("contact_id").values_list("contact_id", flat=True)
    everybody = Contact.objects.filter(pk__gte=free.next_id, pk__lt=free.end_id)
    return everybody.order_by("pk").values_list("pk", flat=True)


def _around(sweep: Sweep, contact_ids: Sequence[int]) -> QuerySet[SweepRange]:
    """The range these contacts, all of one, are in, if some of them are still to be seen."""
    return SweepRange.objects.filter(sweep=sweep, next_id__lte=max(contact_ids), end_id__gt=max(contact_ids))
