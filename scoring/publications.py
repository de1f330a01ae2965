"""Publishing a change: edits are collected in the one draft, previewed, put into force together, and can be taken back.

add ──► (previews) ──► publish ──► a sweep brings every contact up to date, its crossings held ──► rollback
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.remarks import Remark
from scoring import previews, sql, sweeps
from scoring.models import Edit, Publication, SetAside, Sweep
from scoring.publishing.types import Plans, State, in_order, later_edit, publishables
from scoring.rulebook import Rulebook
from scoring.set_aside import Work

Scope = Publication.Scope
PUBLISHED = Publication.State.PUBLISHED


def open_draft(author: Any = None) -> Publication:
    """The draft, begun if there is none. There is one for everybody: two people see and publish the same."""
    return Publication.objects.get_or_create(state=Publication.State.DRAFT, defaults={"author": author})[0]


@transaction.atomic
def add(draft: Publication, type: str, ref_id: int, after: State, author: Any = None, *, is_new: bool = False) -> Edit:
    """Put an edit of a row into the draft, in the place of an earlier one of the same row; its forecast is void then.

    `is_new`: the row was made for this draft, and is archived if the draft comes to nothing.
    """
    publishable = publishables[type]
    _lock(draft)
    values = {
        "before": publishable.state(ref_id),
        "after": after,
        "name": publishable.name(ref_id)[:200],
        "author": author,
        "at": timezone.now(),
    }
    defaults = values | {"is_new": is_new}
    edit, is_first = Edit.objects.get_or_create(publication=draft, type=type, ref_id=ref_id, defaults=defaults)
    if not is_first:
        for name, value in values.items():
            setattr(edit, name, value)
        edit.save()
    publishable.drafted(edit)
    previews.forget(draft)
    return edit


@transaction.atomic
def remove(edit: Edit, *, archive: bool = True) -> None:
    """Take an edit out of the draft; with `archive` a row that was made for it is put away."""
    _lock(edit.publication)
    _drop(edit, archive=archive)
    edit.delete()
    previews.forget(edit.publication)


@transaction.atomic
def discard(draft: Publication) -> None:
    """Throw the draft away; it stays on record as discarded. Rows that were made for it are archived."""
    _lock(draft)
    for edit in draft.edits.all():
        _drop(edit)
    previews.forget(draft)
    Publication.objects.filter(pk=draft.pk).update(state=Publication.State.DISCARDED)


def _drop(edit: Edit, *, archive: bool = True) -> None:
    publishables[edit.type].dropped(edit)
    if archive and edit.is_new:
        publishables[edit.type].archive(edit)


def is_outdated(edit: Edit) -> bool:
    """Was the row changed outside the draft since this edit was made? Publishing it would undo that change."""
    return publishables[edit.type].state(edit.ref_id) != edit.before


def mark(draft: Publication) -> str:
    """Another one whenever an edit comes into the draft, changes or goes: what somebody looked at is still there."""
    seen = draft.edits.aggregate(count=Count("pk"), latest=Max("at"))
    return f"{seen['count']} {seen['latest']}"


# --- publishing, and taking back --------------------------------------------------------------------------------------------


@transaction.atomic
def publish(
    draft: Publication, scope: str, author: Any = None, note: str = "", seen: str | None = None
) -> Sweep | None:
    """Put every edit of the draft into force, from now on or for the past too; the sweep that follows, if any does.

    `seen`: the `mark` of the draft that the author looked at. Raises ValidationError when the draft is empty, is another
    one than was seen, or was published meanwhile; when a row was changed outside it; or while an earlier change is still
    being carried out. Waits for running batches.
    """
    sql.own_rules()
    draft = _lock(draft)
    if not draft.edits.exists():
        raise ValidationError(_g("There is nothing in the draft."))
    if seen is not None and seen != mark(draft):
        raise ValidationError(_g("The draft was changed meanwhile: look at it again."))
    if outdated := next((edit for edit in in_order(draft) if is_outdated(edit)), None):
        raise ValidationError(
            _g("“%(name)s” was changed outside the draft since: look at it again, or take it out.")
            % {"name": outdated.name}
        )
    if Sweep.objects.filter(publication__isnull=False, finished_at__isnull=True).exists():
        raise ValidationError(
            _g("An earlier change is still being carried out: wait until it is done, or roll it back.")
        )
    at, old, plans = timezone.now(), Rulebook.current(), Plans()
    draft.published_at = at  # edits ask when
    for edit in in_order(draft):
        edit.publication = draft
        plans.add(publishables[edit.type].put_into_force(edit, at, scope, author))
    Publication.objects.filter(pk=draft.pk).update(
        state=PUBLISHED, scope=scope, published_at=at, author=author or draft.author, note=note or draft.note
    )
    draft.refresh_from_db()
    SetAside.objects.filter(work=Work.FORECAST, ref_id=draft.pk).delete()  # a matter of the preview
    plan = plans.together(old.parameters())
    return sweeps.owe(str(draft), plan, draft) if plan else None


def may_be_rolled_back(publication: Publication) -> bool:
    """Is it in force, and no more than one rollback away from what a marketer made?

    Rolling back a rollback puts what it took back into force again: then that can be rolled back itself.
    """
    undone = undoes(publication)
    return publication.state == PUBLISHED and (undone is None or undoes(undone) is None)


def undoes(publication: Publication) -> Publication | None:
    """The publication that this one rolled back."""
    return Publication.objects.filter(rolled_back_by=publication).first()


def acts(publication: Publication) -> list[int]:
    """The publication and, where that was rolled back and is in force again, what put it there: both walk and hold for it."""
    again = Publication.objects.filter(rolls_back__rolls_back=publication.pk, state=PUBLISHED)
    return [publication.pk, *again.values_list("pk", flat=True)]


def blocked(publication: Publication) -> Edit | None:
    """An edit whose row was changed again since; None when the publication can be taken back.

    The later edit, which must be rolled back first; the publication's own, where the row was changed without a draft.
    """
    for edit in publication.edits.all():
        if later := later_edit(edit):
            return later
        if edit.type in publishables and not publishables[edit.type].stands(edit):
            return edit
    return None


@transaction.atomic
def rollback(publication: Publication, author: Any = None) -> Publication:
    """Put everything the publication changed back as it was, which restores every score; the publication that did so.

    Also cancels a sweep that is still under way: who was seen to already is brought back. Of a rollback: what it had taken
    back is in force again. Raises ValidationError when the publication is not in force, or the same rows were changed again
    since.
    """
    sql.own_rules()
    publication = Publication.objects.select_for_update().get(pk=publication.pk)
    if not may_be_rolled_back(publication):
        raise ValidationError(_g("This publication is not in force."))
    if later := blocked(publication):
        raise ValidationError(_g("“%(name)s” was changed again since: roll that back first.") % {"name": later.name})
    at, old, plans = timezone.now(), Rulebook.current(), Plans()
    undoing = Publication.objects.create(
        state=PUBLISHED,
        scope=publication.scope,
        note=_note_of_rollback(publication),
        author=author,
        published_at=at,
    )
    for edit in reversed(in_order(publication)):
        edit.publication = publication
        plans.add(publishables[edit.type].take_back(edit, at, author))
        Edit.objects.create(
            publication=undoing,
            type=edit.type,
            ref_id=edit.ref_id,
            name=edit.name,
            before=edit.after,
            after=edit.before,
            author=author,
        )
    if cancelled := sweeps.cancel(acts(publication), at):
        plans.was.clear()  # some sums follow the new rules, some the old: they are made anew
    plans.terms |= bool(cancelled)
    if again := undoes(publication):
        Publication.objects.filter(pk=again.pk).update(state=PUBLISHED)
    Publication.objects.filter(pk=publication.pk).update(state=Publication.State.ROLLED_BACK, rolled_back_by=undoing)
    if plan := plans.together(old.parameters()):
        sweeps.owe(str(undoing), plan, undoing)
    return undoing


def _note_of_rollback(publication: Publication) -> str:
    if again := undoes(publication):
        return Remark(_("In force again: %(what)s"), what=again)
    return Remark(_("Rollback of: %(what)s"), what=publication)


def progress(publication: Publication) -> tuple[int, int | None] | None:
    """How many contacts of how many the sweep of this publication has seen; None when it is done or has none."""
    sweep = publication.sweeps.filter(finished_at__isnull=True).first()
    return (sweep.seen, sweep.total) if sweep else None


def walked(publication: Publication) -> tuple[int, int]:
    """How many contacts of how many the latest sweep of this publication that is over has seen."""
    sweep = publication.sweeps.filter(finished_at__isnull=False).first()
    return (sweep.seen, sweep.total or 0) if sweep else (0, 0)


def without(publication: Publication) -> QuerySet[SetAside]:
    """Whom its preview, as a draft, or its walk over the contacts had to leave out, and why."""
    is_draft = publication.state == Publication.State.DRAFT
    refs = [publication.pk] if is_draft else list(publication.sweeps.values_list("pk", flat=True))
    left_out = SetAside.objects.filter(work=Work.FORECAST if is_draft else Work.SWEEP, ref_id__in=refs)
    return left_out.select_related("contact")


def _lock(draft: Publication) -> Publication:
    locked = Publication.objects.select_for_update().get(pk=draft.pk)
    if locked.state != Publication.State.DRAFT:
        raise ValidationError(_g("This draft was published or thrown away meanwhile."))
    return locked
