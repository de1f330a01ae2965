"""What the pages of drafts and publications show: edits and their consequences, in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import forecasts, sentences
from campaigns.admin.histograms import Histogram, histogram
from campaigns.forecasts import Crossed, Outcome, TriggerForecast
from campaigns.models import Firing, TriggerVersion
from contacts.models import Contact
from contacts.wording import whole
from scoring import publications
from scoring.models import END, Edit, Publication, TermsVersion, Validity
from scoring.publishing import figures
from scoring.publishing.figures import Figures
from scoring.publishing.types import Difference, publishables

Scope = Publication.Scope
SHOWN = 50  # contacts on the page who would cross a trigger; all are in the file
FRESH = timedelta(minutes=15)
PAGES = {
    "point_action": "admin:scoring_pointaction_change",
    "point_group": "admin:scoring_pointgroup_change",
    "overall_score": "admin:scoring_overallscore_change",
    "trigger": "admin:campaigns_trigger_change",
}
MEANING = {
    Scope.FROM_NOW: _(
        "What has happened so far keeps the points it was given. What happens next follows the new rules."
    ),
    Scope.PAST: _(
        "Everything that has ever happened is scored again by the new rules, in the background. Triggers that scores cross "
        "because of it wait for your release."
    ),
}


@dataclass(frozen=True)
class Told:
    """An edit as the pages tell it."""

    edit: Edit
    type: str
    page: str
    changes: Sequence[Difference]
    is_outdated: bool = False


@dataclass(frozen=True)
class Score:
    figures: Figures
    picture: Histogram


@dataclass(frozen=True)
class TriggerCrossed:
    forecast: TriggerForecast
    sentence: str
    counts: Sequence[tuple[str, int]]
    rows: Sequence[tuple[Contact, Crossed]]

    @property
    def more(self) -> int:
        return len(self.forecast.rows) - len(self.rows)


def scope_of(value: str | None) -> str:
    return value if value in Scope.values else str(Scope.FROM_NOW)


# --- the draft --------------------------------------------------------------------------------------------------------


def draft(draft: Publication) -> dict[str, Any]:
    scope, edits = draft.scope, told(draft, check=True)
    return {
        "title": _g("Draft"),
        "edits": edits,
        "reads_anew": any(one.edit.type in ("point_group", "overall_score") for one in edits),
        "scopes": [(value, label, MEANING[Scope(value)], value == scope) for value, label in Scope.choices],
        "progress": progress(draft) if draft.forecast_asked_at and not draft.forecast_done_at else None,
        "preview": preview(draft) if draft.forecast_done_at else None,
        "doubts": doubts(draft, scope) if draft.forecast_done_at else [],
        "left_out": left_out(draft),
    }


def told(publication: Publication, *, check: bool = False) -> list[Told]:
    """The edits in words. `check`: say which rows were changed outside the draft since."""
    found = []
    for edit in publication.edits.select_related("author"):
        publishable = publishables.get(edit.type)
        if publishable is None:
            continue
        found.append(
            Told(
                edit,
                str(publishable.label),
                _page(edit),
                list(publishable.differences(edit)),
                check and publications.is_outdated(edit),
            )
        )
    return found


def preview(draft: Publication) -> dict[str, Any]:
    """The forecast in numbers; the number of queries follows the triggers that are crossed, not the contacts."""
    found = figures.figures(draft)
    crossed = sorted(forecasts.crossings(draft), key=lambda one: -one.counts.get(Outcome.HELD, 0))
    shown = {row.contact_id for one in crossed for row in _first(one)}
    contacts = Contact.objects.in_bulk(shown)
    return {
        "scores": [Score(one, histogram(one.bins)) for one in found],
        "triggers": [_crossed(one, contacts) for one in crossed],
        "seen": draft.forecast_seen,
        "people": draft.forecasts.exclude(before=F("after")).aggregate(n=Count("contact", distinct=True))["n"],
        "held": sum(one.counts.get(Outcome.HELD, 0) for one in crossed),
    }


def _crossed(one: TriggerForecast, contacts: Mapping[int, Contact]) -> TriggerCrossed:
    rows = [(contacts[row.contact_id], row) for row in _first(one) if row.contact_id in contacts]
    counts = [(str(outcome.label), one.counts[outcome]) for outcome in Outcome if one.counts.get(outcome)]
    return TriggerCrossed(one, sentences.trigger(one.trigger), counts, rows)


def _first(one: TriggerForecast) -> list[Crossed]:
    """Those the page shows: who would be acted for comes before whom nothing happens to."""
    order = list(Outcome)
    return sorted(one.rows, key=lambda row: (order.index(row.outcome), row.contact_id))[:SHOWN]


def progress(publication: Publication) -> dict[str, Any]:
    """For the bar: whether it goes on, how far it is, and that in words."""
    if publication.state == Publication.State.DRAFT:
        going = bool(publication.forecast_asked_at and not publication.forecast_done_at)
        seen, total = publication.forecast_seen, publication.forecast_total
        is_over = bool(publication.forecast_done_at)
    else:
        under_way = publications.progress(publication)
        going, is_over = under_way is not None, under_way is None
        seen, total = under_way or publications.walked(publication)
    return {
        "going": going,
        "percent": 100 if is_over else min(100, 100 * seen // total) if total else 0,
        "sentence": _g("Waiting for its turn.")
        if total is None
        else _g("%(seen)s of %(total)s contacts.") % {"seen": whole(seen), "total": whole(total)},
    }


def doubts(draft: Publication, scope: str) -> list[str]:
    """Why the preview may not say what publishing will do."""
    if (asked := draft.forecast_asked_at) is None or (done := draft.forecast_done_at) is None:
        return [_g("No preview was made: you do not see yet whom this changes.")]
    found = []
    if draft.scope != scope:
        found.append(_g("The preview was made for “%(scope)s”.") % {"scope": draft.get_scope_display()})
    if _changed_since(asked):
        found.append(_g("Rules were changed since the preview was made."))
    if timezone.now() - done > FRESH:
        found.append(_g("The preview was made %(ago)s ago: scores have moved since.") % {"ago": timesince(done)})
    return found


def _changed_since(at: Any) -> bool:
    """Did any rule come into force since, or go out of it?"""
    came, went = Q(known_from__gt=at), Q(known_until__gt=at, known_until__lt=END)
    return (
        Validity.objects.filter(came | went).exists()
        or TermsVersion.objects.filter(known_from__gt=at).exists()
        or TriggerVersion.objects.filter(created_at__gt=at).exists()
    )


# --- publishing it ----------------------------------------------------------------------------------------------------


def publishing(draft: Publication, scope: str) -> dict[str, Any]:
    is_previewed = bool(draft.forecast_done_at) and draft.scope == scope
    return {
        "title": _g("Publish this draft?"),
        "edits": told(draft, check=True),
        "scope": scope,
        "scope_label": Scope(scope).label,
        "meaning": MEANING[Scope(scope)],
        "preview": preview(draft) if is_previewed else None,
        "doubts": doubts(draft, scope),
        "left_out": left_out(draft),
        "seen": publications.mark(draft),
    }


# --- what was published -----------------------------------------------------------------------------------------------


def publication(publication: Publication) -> dict[str, Any]:
    may_be_taken_back = publications.may_be_rolled_back(publication)
    undoes = getattr(publication, "rolls_back", None)
    under_way = progress(publication)
    return {
        "edits": told(publication),
        "progress": under_way if under_way["going"] else None,
        "sweep": publication.sweeps.aggregate(seen=Sum("seen"))["seen"],
        "undoes": undoes,
        "undone_by": publication.rolled_back_by if publication.state == Publication.State.ROLLED_BACK else None,
        "left_out": left_out(publication),
        "may_be_taken_back": may_be_taken_back,
        "blocked": publications.blocked(publication) if may_be_taken_back else None,
        "firings": _firings(publication),
        "held": publication.firings.filter(state=Firing.State.HELD).count(),
    }


def left_out(publication: Publication) -> dict[str, Any]:
    """Whom the preview or the walk over the contacts had to leave out: how many, and the first of them with the reason."""
    rows = publications.without(publication)
    return {"count": rows.count(), "rows": rows[:SHOWN], "work": rows[0].work if rows else ""}


def _firings(publication: Publication) -> list[dict[str, Any]]:
    """What it made of each trigger: how many firings in which state."""
    rows = publication.firings.values("trigger_id", "trigger__name", "state").annotate(count=Count("pk"))
    labels = dict(Firing.State.choices)
    return [row | {"label": labels[row["state"]]} for row in rows.order_by("trigger__name", "trigger_id", "state")]


def _page(edit: Edit) -> str:
    try:
        return reverse(PAGES[edit.type], args=[edit.ref_id])
    except (KeyError, NoReverseMatch):
        return ""
