"""Who comes first in a score, out of lists that an index keeps in order, however many contacts there are.

One list is read from its top. A sum of several lists (the overall score, where groups fade at different speeds) is no list
of its own: its first are found by the threshold algorithm (Fagin, Lotem, Naor, "Optimal aggregation algorithms for
middleware", PODS 2001). Whoever is not among the first N of any list has at most the sum of what stands N-th in each; and
whoever is on some has at most what is known of him and what stands N-th in the others: few sums have to be looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet

from contacts.models import Contact
from contacts.sql import contacts as contacts_of

# Some contacts: those of these ids who are meant, or with None all who are.
Among = Callable[[Sequence[int] | None], QuerySet[Contact]]
Sums = Callable[[Sequence[int]], dict[int, Decimal]]

SHALLOW, STEP, DEEPEST = 100, 4, 50_000  # beyond that, one statement over everybody is the quicker way
MANY = 20_000  # sums that take as long as a look at everybody
CHUNK = 200  # sums looked up at once, at least


class Place(NamedTuple):
    contact_id: int
    value: Decimal


@dataclass(frozen=True)
class Component:
    """One list of a sum: rows of (contact_id, value) in order. Who is on none but the first list has nothing there."""

    rows: QuerySet[Any, Any]
    weight: Decimal = Decimal(1)


def unmerged(ids: Sequence[int] | None) -> QuerySet[Contact]:
    """Everybody: those who were merged into another are that other."""
    return (Contact.objects.all() if ids is None else contacts_of(ids)).order_by().filter(merged_into__isnull=True)


def first_of_list(rows: QuerySet[Any, Any], count: int, among: Among) -> list[Place]:
    """The first of a list who are meant."""
    found: list[Place] = []
    seen = 0
    for depth in depths(count + SHALLOW):
        places = [Place(*row) for row in rows[seen:depth]]
        meant = _meant([place.contact_id for place in places], among)
        found += [place for place in places if place.contact_id in meant]
        if len(found) >= count or len(places) < depth - seen:
            return found[:count]
        if _is_hopeless(len(found), depth, count):
            break
        seen = depth
    return [Place(*row) for row in rows.filter(contact__in=among(None).values("pk"))[:count]]


def first_of_sum(
    lists: Sequence[Component], sums: Sums, count: int, among: Among, *, lowest: bool = False
) -> list[tuple[int, Decimal]] | None:
    """The first by a weighted sum of lists, with their sums; None if that cannot be told from the tops of the lists.

    On the first list is everybody who has a sum; the others hold what is above zero (with `lowest`, below). Equal sums are
    in the order of the contacts' ids, as on the first list; with `lowest` the other way round.
    """
    tops = Tops(lists, sums, among, -1 if lowest else 1)
    for depth in depths(max(SHALLOW, 4 * count)):
        tops.deepen(depth)
        best = tops.best(count)
        if best is None:
            return None
        if tops.is_complete or (len(best) == count and tops.is_sure(*best[-1])):
            return best
        if _is_hopeless(len(tops.known), depth, count):
            return None
    return None


def reaching(lists: Sequence[Component], sums: Sums, bound: Decimal) -> list[int] | None:
    """Everybody with a sum of at least so much, merged or not; None if those are too many to look up."""
    tops = Tops(lists, sums, unmerged, 1)
    for depth in depths(SHALLOW):
        tops.deepen(depth)
        if tops.is_complete or tops.threshold < bound:
            near = [pk for pk in tops.known if tops.most(pk) >= bound]
            if len(near) > MANY:
                return None
            return sorted(pk for pk, total in sums(sorted(near)).items() if total >= bound)
    return None


class Tops:
    """The first of each list, and the sums that were looked up. With `sign` -1, of lists from their lowest end."""

    def __init__(self, lists: Sequence[Component], sums: Sums, among: Among, sign: int) -> None:
        self.lists, self.sums, self.among, self.sign = lists, sums, among, sign
        self.depth = 0
        self.is_complete = False  # everybody was seen
        self.levels = [Decimal()] * len(lists)  # what stands last in each
        self.last: int | None = None  # the contact who does, in the first list
        self.known: dict[int, dict[int, Decimal]] = {}  # of those who are meant: their values by list
        self.left_out: set[int] = set()
        self.exact: dict[int, Decimal] = {}

    def deepen(self, depth: int) -> None:
        new: dict[int, dict[int, Decimal]] = {}
        for number, one in enumerate(self.lists):
            places = [Place(*row) for row in one.rows[self.depth : depth]]
            for pk, value in places:
                (self.known.get(pk) or new.setdefault(pk, {}))[number] = one.weight * value
            is_whole = len(places) < depth - self.depth
            self.levels[number] = Decimal() if is_whole else one.weight * places[-1].value
            if number == 0:
                self.is_complete = is_whole
                self.last = places[-1].contact_id if places else self.last
        ids = new.keys() - self.left_out
        meant = ids if self.among is unmerged else _meant(ids, self.among)  # few are merged: seen to in `best`
        self.left_out |= ids - meant
        self.known |= {pk: new[pk] for pk in meant}
        self.depth = depth

    @property
    def threshold(self) -> Decimal:
        """What those who were not seen have at most (with sign -1, at least)."""
        return sum(self.levels, Decimal())

    def most(self, pk: int) -> Decimal:
        known = self.known[pk]
        return sum((known.get(number, level) for number, level in enumerate(self.levels)), Decimal())

    def best(self, count: int) -> list[tuple[int, Decimal]] | None:
        """The first of those seen: whoever might be one of them is looked up, the likeliest first. None if that is many.

        Where they are not sure to be the first of all, neither are they of those seen.
        """
        sign, waiting = self.sign, [(self.most(pk), pk) for pk in self.known.keys() - self.exact.keys()]
        waiting.sort(key=lambda one: -sign * one[0])
        enough = len(self.exact) + 2 * count + CHUNK  # to tell whether it is worth while to look at the others, too
        while len(self.exact) <= MANY:
            best = sorted(self.exact.items(), key=lambda item: (-sign * item[1], sign * item[0]))[:count]
            chunk = waiting[: max(CHUNK, count)]
            if len(best) == count:
                if len(self.exact) >= enough and not self.is_complete and not self.is_sure(*best[-1]):
                    return best  # which is not final: deeper, the others will have less to hope for
                chunk = [one for one in chunk if sign * one[0] >= sign * best[-1][1]]
            if chunk:
                self.exact |= self.sums(sorted(pk for _, pk in chunk))
                waiting = waiting[len(chunk) :]
            elif merged := {pk for pk, _ in best} - _meant([pk for pk, _ in best], self.among):
                self._leave_out(merged)
            else:
                return best
        return None

    def is_sure(self, pk: int, total: Decimal) -> bool:
        """Can nobody who was not seen come before? Whoever has just as much stands further down the first list."""
        ahead = self.sign * (total - self.threshold)
        return ahead > 0 or (ahead == 0 and self.last is not None and self.sign * pk <= self.sign * self.last)

    def _leave_out(self, ids: set[int]) -> None:
        self.left_out |= ids
        for pk in ids:
            del self.known[pk], self.exact[pk]


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
