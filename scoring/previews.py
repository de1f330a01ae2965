"""The preview of a draft: what publishing it would do to every score, range by range, void when the draft changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from contacts.models import Contact
from scoring import set_aside, sql, valuation
from scoring.models import Forecast, PointAction, Publication, SetAside
from scoring.publishing.types import Draft, in_order, publishables
from scoring.rulebook import Rulebook
from scoring.set_aside import Work


def request(draft: Publication, scope: str) -> None:
    """Ask for the preview of a draft; `step` makes it, range by range."""
    forget(draft)
    Publication.objects.filter(pk=draft.pk).update(scope=scope, forecast_asked_at=timezone.now())


def forget(draft: Publication) -> None:
    SetAside.objects.filter(work=Work.FORECAST, ref_id=draft.pk).delete()
    Forecast.objects.filter(publication=draft).delete()
    Publication.objects.filter(pk=draft.pk).update(
        forecast_asked_at=None, forecast_done_at=None, forecast_next_id=0, forecast_seen=0, forecast_total=None
    )


def step(size: int = 5000) -> int:
    """Look at the next contacts for the draft whose forecast was asked for; how many, 0 when none is owed.

    Scores nothing: live work goes on beside it. Repeating a range writes the same rows. A contact whose forecast cannot be
    kept is set aside, and left out.
    """
    with transaction.atomic():
        draft = (
            Publication.objects.select_for_update(skip_locked=True)
            .filter(state=Publication.State.DRAFT, forecast_asked_at__isnull=False, forecast_done_at__isnull=True)
            .first()
        )
        if draft is None:
            return 0
        sketched = sketch(draft, draft.forecast_asked_at or timezone.now(), draft.scope)
        if draft.forecast_total is None:
            draft.forecast_total = Contact.objects.count()
        ids = list(
            Contact.objects.filter(pk__gte=draft.forecast_next_id).order_by("pk").values_list("pk", flat=True)[:size]
        )
        if ids:
            set_aside.each(ids, partial(write, draft, sketched), partial(_leave_out, draft))
            draft.forecast_next_id, draft.forecast_seen = ids[-1] + 1, draft.forecast_seen + len(ids)
        else:
            draft.forecast_done_at = timezone.now()
        draft.save()
    return len(ids) or 1


def sketch(draft: Publication, at: datetime, scope: str) -> Draft:
    """What publishing the draft would make of the rules, nothing written."""
    made = Draft(Rulebook.current())
    for edit in in_order(draft):
        made = publishables[edit.type].sketch(edit, made, at, scope)
    return made


def write(draft: Publication, sketched: Draft, contact_ids: Sequence[int]) -> int:
    """Write what publishing would do to the scores of these contacts; how many rows differ."""
    actions = _concerned(sketched)
    book = sketched.book.only(actions)
    held = valuation.held(book, contact_ids)
    return sql.forecast(
        draft.pk,
        book.parameters(),
        book.shape,
        contact_ids,
        timezone.now(),
        held,
        action_ids=sorted(actions),
        fresh_groups=sorted(sketched.groups),
    )


def _leave_out(draft: Publication, contact_id: int, error: str) -> None:
    set_aside.note(Work.FORECAST, draft.pk, error, contact_id)


def _concerned(sketched: Draft) -> set[int]:
    """The actions whose lines must be looked at: those that change, and all whose group is made anew or has a cap."""
    capped = {one.id for one in sketched.book.terms if one.cap_points is not None} | sketched.groups
    in_groups = PointAction.objects.filter(versions__group__in=capped).values_list("pk", flat=True)
    return {*sketched.actions, *in_groups}
