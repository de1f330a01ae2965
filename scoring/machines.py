"""Marking machines, and taking a mark back: the word of a person, carried out on the past by a walk over whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.remarks import Remark
from scoring import sql, sweeps, valuation, values
from scoring.models import Sweep
from scoring.rulebook import Rulebook
from tracking.models import Mark, Verdict
from tracking.verdicts import judging, marks_sql

PREVIEWED = 1000  # contacts whose scores a preview looks at


@transaction.atomic
def mark(mark: Mark, author: Any = None) -> Mark:
    """Put a mark into force, from now on or also for the past; the walk that follows holds what it crosses.

    Raises IntegrityError where the same thing is marked already. Waits for running batches.
    """
    sql.own_rules()
    mark.author, mark.since = author, None if mark.scope == Mark.Scope.PAST else timezone.now()
    mark.save()
    if mark.since is None:
        sweeps.owe(Remark(_("Marked: %(what)s"), what=mark), _walk(mark))
    return mark


@transaction.atomic
def take_back(mark: Mark) -> bool:
    """As if the mark had never been made: verdicts and scores become what they would be without it. Once is enough."""
    sql.own_rules()
    taken = Mark.objects.filter(pk=mark.pk, undone_at=None).update(undone_at=timezone.now())
    if taken:
        sweeps.owe(Remark(_("Mark taken back: %(what)s"), what=mark), _walk(mark))
    return bool(taken)


def progress(mark: Mark) -> Sweep | None:
    """The walk that carries out the mark, or its end, while it is under way."""
    return Sweep.objects.filter(finished_at=None, plan__marks__contains=[mark.pk]).order_by("-pk").first()


def _walk(mark: Mark) -> sweeps.Plan:
    return sweeps.Plan(actions=None, marks=(mark.pk,))


# --- preview --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """What a mark does to the overall score of a contact."""

    contact_id: int
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class Preview:
    """What a mark would do: to so many events of so many contacts; scores and events are those of the contacts looked at."""

    events: int
    contacts: int
    looked_at: Sequence[int]
    dropped: int  # events that would no longer count
    gained: int  # events that would count
    moves: Sequence[Move]


@contextmanager
def supposed(mark: Mark) -> Iterator[Preview]:
    """Within, the mark is in force for the contacts looked at, by the same functions that carry it out. All of it is undone
    at the end; live scoring of these contacts waits meanwhile, so be quick."""
    with transaction.atomic():
        try:
            mark.since = None if mark.scope == Mark.Scope.PAST else timezone.now()
            mark.save()
            yield _preview(mark)
        finally:
            transaction.set_rollback(True)
            mark.pk = None


def _preview(mark: Mark) -> Preview:
    concerned = marks_sql.concerned(mark.pk, PREVIEWED)
    ids = concerned["first"]
    before = values.current(ids)
    changed = judging.changes(ids)
    after = valuation.scores(Rulebook.current(), ids)
    moves = [
        Move(pk, was, now)
        for pk in ids
        if (was := before.get((pk, None), Decimal())) != (now := after.get((pk, None), Decimal()))
    ]
    dropped = sum(was < Verdict.PROXY <= now for _, _, was, now in changed)
    gained = sum(now < Verdict.PROXY <= was for _, _, was, now in changed)
    return Preview(
        events=concerned["events"],
        contacts=concerned["contacts"],
        looked_at=ids,
        dropped=dropped,
        gained=gained,
        moves=sorted(moves, key=lambda move: (-abs(move.after - move.before), move.contact_id)),
    )
