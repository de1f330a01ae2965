"""Contacts who may be one person: looked for by finders, listed until somebody decides.

`look` writes what is found; a pair is proposed once, and what was dismissed stays so. A finder of an app above may also
prove that two contacts are one (`Finder.proved`): those are merged without asking where the policy allows it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from contacts import merging
from contacts.duplicates_sql import insert_pairs, same_name_and_company, same_phone
from contacts.merging import MergeError
from contacts.models import Contact, Duplicate, Merge, MergePolicy
from contacts.registry import Registry
from contacts.remarks import Remark

logger = logging.getLogger(__name__)
MOST = 5000  # pairs one finder brings in one look; a thousand contacts with one phone number are a switchboard
Pairs = Iterable[tuple[int, int]]


class Finder:
    """Finds pairs of living contacts. `label` says in the list why they may be one."""

    key = ""
    label: Any = ""

    def pairs(self, limit: int) -> Pairs:
        return ()

    def proved(self) -> Pairs:
        """Those of whom it is proved, the one to keep first."""
        return ()


finders: Registry[Finder] = Registry("finder of duplicates")


@finders.register
class SamePhone(Finder):
    key = "phone"
    label = _("Same phone number")

    def pairs(self, limit: int) -> Pairs:
        return same_phone(limit)


@finders.register
class SameNameAndCompany(Finder):
    key = "name"
    label = _("Same name and company")

    def pairs(self, limit: int) -> Pairs:
        return same_name_and_company(limit)


def look() -> int:
    """Look for pairs and note the new ones; how many. Safe to repeat and to race."""
    reasons: dict[tuple[int, int], list[str]] = defaultdict(list)
    for finder in finders:
        for one, other in finder.pairs(MOST):
            reasons[min(one, other), max(one, other)].append(finder.key)
    return insert_pairs(dict(reasons))


def merge_proved() -> int:
    """Merge those of whom it is proved that they are one, where the policy allows it; how many. What the scores cross acts:
    it is one person's doing, not bulk work."""
    if not MergePolicy.allows():
        return 0
    count = 0
    for finder in finders:
        for winner, loser in finder.proved():
            if not _was_decided(winner, loser):
                count += _merge(winner, loser, finder.label)
    return count


def same_person(one: Contact, other: Contact) -> bool:
    """Do their own data say so, too? Two people may share a browser: their names are then not the same."""
    names = [" ".join(contact.name.casefold().split()) for contact in (one, other)]
    phones = {one.phone, other.phone}
    if one.first_name and one.last_name and names[0] == names[1]:
        return True
    return len(phones) == 1 and phones != {""} and (names[0] == names[1] or "" in names)


def _was_decided(one: int, other: int) -> bool:
    """Has a person said that they are two, by dismissing the pair or by undoing their merge?"""
    pair = sorted((one, other))
    dismissed = Duplicate.objects.filter(first=pair[0], second=pair[1]).exclude(dismissed_at=None)
    undone = Merge.objects.filter(winner__in=pair, loser__in=pair).exclude(undone_at=None)
    return dismissed.exists() or undone.exists()


def _merge(winner: int, loser: int, label: Any) -> bool:
    try:
        note = Remark(_("Proved: %(reason)s"), reason=label)
        merging.merge(winner, loser, origin=Merge.Origin.AUTOMATIC, note=note, held=False)
    except MergeError as refused:
        logger.info("contacts %s and %s were not merged: %s", winner, loser, refused)
        return False
    return True
