"""Merging two contacts, undoing it, and looking at what it would do.

Everything is one transaction. Locks are taken in the order in which the pipeline takes them, contacts by their ids; so
live scoring goes on beside it, and what arrives for the old id meanwhile waits for the row and then goes to the winner.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts import segments
from contacts.holding import held as holding
from contacts.merging import values
from contacts.merging.parts import Job, in_order, in_order_of_locks
from contacts.models import Contact, Merge


class MergeError(Exception):
    """It cannot be done; the text is a sentence for the marketer."""


@dataclass(frozen=True)
class Preview:
    """What a merge would do, found by doing it: `figures` are rows of (label, winner's, loser's, merged), as text."""

    figures: list[tuple[str, str, str, str]] = field(default_factory=list)
    consequences: list[str] = field(default_factory=list)


def merge(
    winner_id: int,
    loser_id: int,
    *,
    choices: Mapping[str, str] | None = None,
    author: Any = None,
    origin: str = Merge.Origin.MANUAL,
    note: str = "",
    held: bool = True,
) -> Merge:
    """Make the loser the winner: all that happened to either happened to the winner, whose scores are made anew.

    `choices`: whose value wins, by the name of the field ("winner" or "loser"); the others by `values.default`. With `held`,
    what the winner's score crosses waits for a release. Repeating it returns the merge there is. Raises MergeError.
    """
    with transaction.atomic():
        return _merge(winner_id, loser_id, choices or {}, author, origin, note, held)[0].merge


def preview(winner_id: int, loser_id: int, choices: Mapping[str, str] | None = None) -> Preview:
    """What merging them would do. Nothing is kept. Raises MergeError."""
    with transaction.atomic():
        ours, theirs = _figures(winner_id), _figures(loser_id)
        job, is_new = _merge(winner_id, loser_id, choices or {}, None, Merge.Origin.MANUAL, "", True)
        after = _figures(winner_id)
        transaction.set_rollback(True)
    rows = [(name, str(ours.get(name, "")), str(theirs.get(name, "")), str(text)) for name, text in after.items()]
    return Preview([row for row in rows if any(row[1:])], job.consequences if is_new else [])


def undo(merge: Merge, by: Any = None) -> None:
    """Make the loser a contact of its own again: what had moved goes back, and what has come to its own id since.

    Anything else that happened since stays with the winner. What the scores cross waits for a release. Merges into one winner
    are undone in any order: in the end all is as if there had been none. Raises MergeError.
    """
    with transaction.atomic():
        job = Job(merge, merge.winner_id, merge.loser_id, held=True)
        people = _lock(job)
        merge.refresh_from_db()
        if merge.undone_at:
            return
        loser = people[merge.loser_id]
        if loser.merged_into_id != merge.winner_id:
            raise MergeError(_("They were merged again since: undo the later merge first."))
        since = Merge.objects.filter(winner=merge.winner_id, undone_at=None, pk__gt=merge.pk)
        job.later = list(since.select_for_update(no_key=True).order_by("pk"))
        with holding():
            for part in in_order():
                part.begin(job)
            Contact.objects.filter(pk=loser.pk).update(merged_into=None, updated_at=timezone.now())
            values.put_back(merge, job.later)
            for part in in_order():
                part.put_back(job, merge.moved.get(part.key, {}))
            segments.update(job.ids)
        Merge.objects.bulk_update(job.later, ["fields", "moved"])
        merge.undone_at, merge.undone_by = timezone.now(), by
        merge.save(update_fields=["undone_at", "undone_by"])


def become(contact: Contact) -> Contact:
    """Who the contact is today: whoever they were merged into in the end, if they were."""
    while contact.merged_into:
        contact = contact.merged_into
    return contact


def _merge(
    winner_id: int, loser_id: int, choices: Mapping[str, str], author: Any, origin: str, note: str, held: bool
) -> tuple[Job, bool]:
    """The work itself, in the caller's transaction; and whether it had not been done before."""
    if winner_id == loser_id:
        raise MergeError(_("A contact cannot be merged with itself."))
    job = Job(Merge(origin=origin, author=author, note=note), winner_id, loser_id, held)
    people = _lock(job)
    winner, loser = people[winner_id], people[loser_id]
    if loser.merged_into_id == winner_id:
        job.merge = Merge.objects.filter(loser=loser, undone_at=None).first() or job.merge
        return job, False
    for person in (winner, loser):
        if person.merged_into_id:
            raise MergeError(_("%(contact)s has been merged into another contact already.") % {"contact": person})
    job.merge.winner, job.merge.loser = winner, loser
    with holding() if held else nullcontext():
        for part in in_order():
            part.begin(job)
        job.merge.fields = values.choose(winner, loser, choices)
        Contact.objects.filter(pk=loser_id).update(merged_into=winner, updated_at=timezone.now())
        job.merge.save()
        job.merge.moved = {part.key: part.move(job) for part in in_order()}
        job.merge.save(update_fields=["moved"])
        segments.update(job.ids)
    return job, True


def _lock(job: Job) -> dict[int, Contact]:
    """Both contacts, locked, after what the pipeline locks before contacts."""
    for part in in_order_of_locks():
        part.lock(job.ids)
    locked = Contact.objects.select_for_update(no_key=True).filter(pk__in=job.ids).order_by("pk")
    people = {contact.pk: contact for contact in locked}
    if len(people) < 2:
        raise MergeError(_("One of these contacts does not exist any more."))
    return people


def _figures(contact_id: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in in_order():
        found |= part.figures(contact_id)
    return found
