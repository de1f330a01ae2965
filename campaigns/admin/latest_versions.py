"""What came into force lately, whether it was published or saved directly: the latest versions of everything that scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse

from campaigns.models import TriggerVersion
from scoring.models import OverallScore, PointActionVersion, TermsVersion

SHOWN = 8


@dataclass(frozen=True)
class Latest:
    at: datetime
    what: str  # of what kind
    name: str
    number: int
    author: Any
    page: str  # its place in the history


def latest(request: HttpRequest) -> list[Latest]:
    """The newest first, of those whose histories the user may read; three queries."""
    found = sorted((one for rows in _readable(request) for one in rows), key=lambda one: one.at, reverse=True)
    return list(islice(found, SHOWN))


def _readable(request: HttpRequest) -> Iterator[Iterator[Latest]]:
    user: Any = request.user
    if user.has_perm("scoring.view_pointaction"):
        yield _rules()
    if user.has_perm("scoring.view_pointgroup"):
        yield _terms()
    if user.has_perm("campaigns.view_trigger"):
        yield _triggers()


def _rules() -> Iterator[Latest]:
    # A draft counts nothing yet; its version is told once it does.
    versions = PointActionVersion.objects.filter(valid_from__lt=F("valid_until")).order_by("-created_at", "-pk")
    for one in versions.select_related("action", "author")[:SHOWN]:
        page = reverse("admin:scoring_pointaction_history", args=[one.action_id])
        yield _latest(one, one.created_at, one.action, one.action.name, page)


def _terms() -> Iterator[Latest]:
    for one in TermsVersion.objects.order_by("-known_from", "-pk").select_related("group", "author")[:SHOWN]:
        if one.group:
            page = reverse("admin:scoring_pointgroup_history", args=[one.group_id])
            yield _latest(one, one.known_from, one.group, one.group.name, page)
        else:
            noun = str(OverallScore._meta.verbose_name)
            page = reverse("admin:scoring_overallscore_history", args=[1])
            yield _latest(one, one.known_from, OverallScore, noun, page)


def _triggers() -> Iterator[Latest]:
    versions = TriggerVersion.objects.order_by("-created_at", "-pk").select_related("trigger", "author")
    for one in versions[:SHOWN]:
        page = reverse("admin:campaigns_trigger_history", args=[one.trigger_id])
        yield _latest(one, one.created_at, one.trigger, one.trigger.name, page)


def _latest(version: Any, at: datetime, row: Any, name: str, page: str) -> Latest:
    return Latest(at, str(row._meta.verbose_name), name, version.number, version.author, f"{page}#v{version.number}")
