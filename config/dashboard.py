"""The first page of the admin: who is hot, where everybody stands, what just happened, and whether all is well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, Sum
from django.http import HttpRequest
from django.utils import timezone

from campaigns.models import Delivery, Enrolment, Firing
from contacts.models import Contact, Stage
from scoring import leaderboards, publications
from scoring.admin.leaderboards import orders
from scoring.models import Edit, Leaderboard, Publication, SetAside, Sweep
from tracking.models import Event, Hit, Kind, Outage

MONTH = timedelta(days=30)


@dataclass(frozen=True)
class FunnelStep:
    stage: Stage | None
    contacts: int
    share: int  # of the largest step, in percent
    arrived: int  # in the last 30 days


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the page shows to this user; parts the user may not see are left out."""
    user = request.user
    if user.has_perm("scoring.view_leaderboard"):
        context["boards"] = [leaderboards.shown(board, 5) for board in Leaderboard.objects.select_related("group")[:3]]
        context["orders"] = orders(request)
    if user.has_perm("contacts.view_contact"):
        context["funnel"] = funnel()
    if user.has_perm("campaigns.view_firing"):
        context["firings"] = (
            Firing.objects.filter(state=Firing.State.FIRED).select_related("trigger", "contact").order_by("-id")[:8]
        )
        context["marked"] = Firing.objects.filter(state=Firing.State.MARKED).exists()
        context["held"] = Firing.objects.filter(state=Firing.State.HELD)[:1000].count()
    if user.has_perm("campaigns.view_enrolment"):
        context["held_enrolments"] = Enrolment.objects.filter(state=Enrolment.State.HELD)[:1000].count()
    if user.has_perm("scoring.view_publication"):
        context["draft"] = waiting_draft()
        context["carried_out"] = carried_out()
    context["health"] = health()
    return context


def funnel() -> list[FunnelStep]:
    """Contacts in each stage, and how many arrived there in the last 30 days."""
    counts = dict(Contact.objects.filter(merged_into__isnull=True).values_list("stage").annotate(Count("id")))
    moves = Event.objects.filter(kind=Kind.STAGE_CHANGED, at__gte=timezone.now() - MONTH)
    arrived = dict(moves.values_list("data__stage_id__1").annotate(Count("contact", distinct=True)))
    most = max([*counts.values(), 1])
    steps: list[Stage | None] = [*Stage.objects.all()]
    if counts.get(None):
        steps.append(None)
    return [
        FunnelStep(
            stage, n := counts.get(stage and stage.pk, 0), round(100 * n / most), arrived.get(stage and stage.pk, 0)
        )
        for stage in steps
    ]


def waiting_draft() -> tuple[int, int] | None:
    """The draft and how many edits wait in it; None when there are none."""
    drafted = Edit.objects.filter(publication__state=Publication.State.DRAFT).order_by().values_list("publication")
    return next(iter(drafted.annotate(Count("id"))), None)


def carried_out() -> tuple[Publication, tuple[int, int | None] | None] | None:
    """The publication whose walk over the contacts is under way, and how far it is."""
    going = Publication.objects.filter(sweeps__finished_at__isnull=True, sweeps__isnull=False).first()
    return (going, publications.progress(going)) if going else None


def health() -> dict[str, Any]:
    """What an operator asks first: is anything waiting, parked or failing?"""
    waiting = Hit.objects.filter(parked_at__isnull=True)
    oldest = waiting.aggregate(Min("received_at"))["received_at__min"]
    return {
        "waiting": waiting[:1000].count(),
        "seconds": round((timezone.now() - oldest).total_seconds()) if oldest else 0,
        "parked": Hit.objects.filter(parked_at__isnull=False)[:1000].count(),
        "aside": SetAside.objects.all()[:1000].count(),
        "failed": Delivery.objects.filter(state=Delivery.State.FAILED, done_at__gte=timezone.now() - MONTH)[
            :1000
        ].count(),
        "lost": Outage.objects.filter(ended_at__gte=timezone.now() - MONTH).aggregate(Sum("lost"))["lost__sum"] or 0,
        "sweeps": Sweep.objects.filter(finished_at__isnull=True).count(),
    }
