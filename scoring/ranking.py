"""Who comes first in a score, out of lists that an index keeps in order, however many contacts there are.

One list is read from its top. A sum of several lists (the overall score, where groups fade at different speeds) is no list
of its own: its first are found by the threshold algorithm (Fagin, Lotem, Naor, "Optimal aggregation algorithms for
middleware", PODS 2001). Whoever is not among the first N of any list has at most the sum of what stands N-th in each; and
whoever is on some has at most what is known of him and what stands N-th in the others: few sums have to be looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from heapq import nsmallest
from typing import Any, NamedTuple

from django.db.models import QuerySet

from contacts.models import Contact
from contacts.sql import contacts as contacts_of
from scoring import sql
from scoring.sql import Lists, Seen, Tops

# Some contacts: those of these ids who are meant, or with None all who are.
Among = Callable[[Sequence[int] | None], QuerySet[Contact]]
Sums = Callable[[Sequence[int]], dict[int, float]]

SHALLOW, STEP, DEEPEST = 100, 4, 200_000  # beyond that, one statement over everybody is the quicker way
REACH = 51_200  # the same, where nearly all of those seen are read
MANY = 20_000  # sums that take as long to look up as a look at everybody
CHUNK = 200  # sums looked up at once, at least


class Place(NamedTuple):
    contact_id: int
    value: Decimal


def unmerged(ids: Sequence[int] | None) -> QuerySet[Contact]:
    """Everybody: those who were merged into another are that other."""
    return (Contact.objects.all() if ids is None else contacts_of(ids)).order_by().filter(merged_into__isnull=True)


def first_of_list(rows: QuerySet[Any, Any], count: int, among: Among) -> list[Place]:
    """The first of a list, rows of (contact_id, value) in order, who are meant."""
    found: list[Place] = []
    seen, depth = 0, count + SHALLOW
    while depth <= max(DEEPEST, count + SHALLOW):
        places = list(rows[seen:depth])
        meant = _meant([place[0] for place in places], among)
        found += [Place(*place) for place in places if place[0] in meant]
        if len(found) >= count or len(places) < depth - seen:
            return found[:count]
        if _is_hopeless(len(found), depth, count):
            break
        seen, depth = depth, min(depth * STEP, depth * (count + SHALLOW) // max(1, len(found)) + SHALLOW)
    return [Place(*row) for row in rows.filter(contact__in=among(None).values("pk"))[:count]]


def first_of_sum(
    lists: Lists, sums: Sums, count: int, among: Among, *, lowest: bool = False
) -> list[tuple[int, float]] | None:
    """The first by a sum of lists, with their sums; None if that cannot be told from the tops of the lists.

    On the first list is everybody who has a sum; the others hold what is above zero. Equal sums are in the order of the
    contacts' ids, as on the first list. With `lowest` numbers and sums are negated, and ids the other way round.
    """
    contest = Contest(sums, count, among, -1 if lowest else 1)
    for depth in depths(max(SHALLOW, 2 * count)):
        tops = sql.tops(lists, depth, lowest=lowest, limit=depth)
        best = contest.best(tops.seen)
        if best is None:
            return None
        if contest.is_decided(best, tops, is_cut=len(tops.seen) == depth):
            return best
        if _is_hopeless(len(contest.meant), depth, count):
            return None
    return None


def reaching(lists: Lists, sums: Sums, bound: float, end: float | None = None) -> dict[int, float] | None:
    """The sums of everybody with 0 < bound <= sum (< end), merged or not; None if those are too many to look up."""
    threshold = sql.thresholds(lists)
    depth = next(
        (depth for depth in (SHALLOW, REACH // 32, REACH // 8, REACH // 2, REACH) if threshold(depth) < bound), None
    )
    if depth is None:
        return None
    seen = sql.tops(lists, depth, bound=bound).seen
    waiting = sorted(one.contact_id for one in seen if not one.is_exact)
    if len(waiting) > MANY:
        return None
    totals = {one.contact_id: one.most for one in seen if one.is_exact} | (sums(waiting) if waiting else {})
    return {pk: total for pk, total in totals.items() if total >= bound and (end is None or total < end)}


def first(sums: Mapping[int, float], count: int, among: Among, *, lowest: bool = False) -> list[tuple[int, float]]:
    """The first of these sums who are meant."""
    sign = -1 if lowest else 1
    order = sorted(sums.items(), key=lambda item: (-sign * item[1], sign * item[0]))
    found: list[tuple[int, float]] = []
    for start in range(0, len(order), step := max(SHALLOW, 2 * count)):
        some = order[start : start + step]
        meant = _meant([pk for pk, _ in some], among)
        found += [one for one in some if one[0] in meant]
        if len(found) >= count:
            break
    return found[:count]


class Contest:
    """The best of those who are meant, as ever more are seen; sums are looked up of whoever might be one of them."""

    def __init__(self, sums: Sums, count: int, among: Among, sign: int) -> None:
        self.sums, self.count, self.among, self.sign = sums, count, among, sign
        self.meant: set[int] = set()
        self.left_out: set[int] = set()
        self.exact: dict[int, float] = {}
        self.looked_up = 0

    def best(self, seen: Sequence[Seen]) -> list[tuple[int, float]] | None:
        """The first of those seen; None where too many would have to be looked up."""
        self._ask([one.contact_id for one in seen])
        known = [one for one in seen if one.contact_id in self.meant]
        self.exact |= {one.contact_id: one.most for one in known if one.is_exact}
        waiting = [one for one in known if one.contact_id not in self.exact]  # the likeliest first
        while self.looked_up <= MANY:
            best = nsmallest(self.count, self.exact.items(), key=lambda item: (-item[1], self.sign * item[0]))
            least = best[-1][1] if len(best) == self.count else float("-inf")
            chunk = [one.contact_id for one in waiting[: max(CHUNK, self.count)] if one.most >= least]
            if chunk:
                waiting = waiting[len(chunk) :]
                self.looked_up += len(chunk)
                self.exact |= {pk: self.sign * total for pk, total in self.sums(sorted(chunk)).items()}
            elif merged := {pk for pk, _ in best} - _meant([pk for pk, _ in best], self.among):
                self._leave_out(merged)
            else:
                return best
        return None

    def is_decided(self, best: list[tuple[int, float]], tops: Tops, *, is_cut: bool) -> bool:
        """Can nobody else come before the last of them?"""
        if tops.is_whole and not is_cut:
            return True
        if len(best) < self.count:
            return False
        pk, total = best[-1]
        if is_cut and total <= tops.seen[-1].most:
            return False
        # Whoever was not seen and has just as much stands further down the first list.
        is_ahead = tops.last is not None and self.sign * pk <= self.sign * tops.last
        return total > tops.threshold or (total == tops.threshold and is_ahead)

    def _ask(self, ids: Collection[int]) -> None:
        """Who of these is meant? Few are merged: that is seen to once they are among the best."""
        new = set(ids) - self.meant - self.left_out
        meant = new if self.among is unmerged else _meant(new, self.among)
        self.meant |= meant
        self.left_out |= new - meant

    def _leave_out(self, ids: set[int]) -> None:
        self.left_out |= ids
        self.meant -= ids
        for pk in ids:
            del self.exact[pk]


def depths(first: int) -> Iterator[int]:
    """How far to look, ever deeper; at least once."""
    yield first
    while (first := first * STEP) <= DEEPEST:
        yield first


def _is_hopeless(found: int, depth: int, count: int) -> bool:
    """So few of those seen are meant that going on as deep as we may would not find enough of them."""
    return found * DEEPEST < count * depth


def _meant(ids: Collection[int], among: Among) -> set[int]:
    return set(among(sorted(ids)).values_list("pk", flat=True)) if ids else set()
