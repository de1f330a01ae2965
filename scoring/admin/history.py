"""The history of a rule, a group or a trigger: who changed what and when, and any version brought back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _g

from contacts.admin_base import guarded, told
from scoring.publishing.types import Difference
from scoring.wording import NOTHING, Facts, differing

LOGGED = 50


@dataclass(frozen=True)
class Stood:
    """A version as the history page tells it. `is_now`: it is how the row stands, so there is nothing to bring back."""

    number: int
    facts: Facts
    when: str  # the time in which it was in force, in words
    author: Any = None
    at: datetime | None = None
    is_now: bool = False
    notes: Sequence[str] = ()
    replaced: int | None = None  # the version that was in force until then; None: the one told before it

    @property
    def says(self) -> list[tuple[str, str]]:
        return spoken(self.facts)


@dataclass(frozen=True)
class Chapter:
    """A version with what it changed of the one in force before it."""

    stood: Stood
    changes: Sequence[Difference]
    is_first: bool
    again: int | None  # an older version that says the same
    restore: str  # the page that brings it back; empty where that makes no sense


class HistoryPage:
    """Mixin for admins of what has versions: the admin's own history page becomes that of the versions."""

    def stood(self, row: Any) -> list[Stood]:
        """Its versions, the latest to come into force first, in a fixed number of queries."""
        raise NotImplementedError

    def facts_now(self, row: Any) -> Facts:
        """What it says as it stands."""
        raise NotImplementedError

    def bring_back(self, request: HttpRequest, row: Any, number: int) -> HttpResponse | None:
        """Make a new version equal to this one, tell the user; where to go if not back to the history.

        Raises ValidationError with a sentence where it cannot be done.
        """
        raise NotImplementedError

    def obstacle(self, row: Any) -> str:
        """Why nothing can be brought back, in words; empty where it can."""
        archived = getattr(row, "archived_at", None)
        return _g("It is in the archive: bring it back from there first.") if archived else ""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self._row(request, object_id, "view")
        chapters = self._chapters(request, row)
        context = self._context(request, row) | {
            "title": _g("History: %(name)s") % {"name": row},
            "chapters": chapters,
            "now": [] if chapters else spoken(self.facts_now(row)),
            "obstacle": self.obstacle(row),
            "log": self._log(row),
        }
        return TemplateResponse(request, "scoring/history.html", context)

    def get_urls(self) -> list[URLPattern]:
        opts = self.model._meta  # type: ignore[attr-defined]
        view = self.admin_site.admin_view(self.restore_page)  # type: ignore[attr-defined]
        name = f"{opts.app_label}_{opts.model_name}_bring_back"
        return [path("<int:pk>/history/<int:number>/restore/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    @guarded("change")
    def restore_page(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """What bringing a version back would change, and the button that does it."""
        row = self._row(request, str(pk), "change")
        wanted = next((one for one in self.stood(row) if one.number == number), None)
        if wanted is None:
            raise Http404
        problem = self.obstacle(row)
        if request.method == "POST" and not problem:
            try:
                elsewhere = self.bring_back(request, row, number)
            except ValidationError as error:
                problem = " ".join(error.messages)
            else:
                return elsewhere or HttpResponseRedirect(self.page("history", pk))  # type: ignore[attr-defined]
        context = self._context(request, row) | {
            "title": _g("Restore version %(number)d of %(name)s?") % {"number": number, "name": row},
            "stood": wanted,
            "changes": differing(self.facts_now(row), wanted.facts),
            "problem": problem,
        }
        return TemplateResponse(request, "scoring/restore.html", context)

    def _chapters(self, request: HttpRequest, row: Any) -> list[Chapter]:
        versions = self.stood(row)
        may = self.has_change_permission(request, row) and not self.obstacle(row)  # type: ignore[attr-defined]
        return [
            _chapter(
                one,
                versions[place + 1 :],
                self.page("bring_back", row.pk, one.number) if may and not one.is_now else "",  # type: ignore[attr-defined]
            )
            for place, one in enumerate(versions)
        ]

    def _row(self, request: HttpRequest, object_id: str, permission: str) -> Any:
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if row is None:
            raise Http404
        if not getattr(self, f"has_{permission}_permission")(request, row):
            raise PermissionDenied
        return row

    def _context(self, request: HttpRequest, row: Model) -> dict[str, Any]:
        site = self.admin_site  # type: ignore[attr-defined]
        pages = {name: self.page(name, row.pk) for name in ("change", "history")}  # type: ignore[attr-defined]
        return {**site.each_context(request), "opts": row._meta, "original": row, "pages": pages, "nothing": NOTHING}

    def _log(self, row: Model) -> list[LogEntry]:
        noted = LogEntry.objects.filter(
            object_id=str(row.pk), content_type=get_content_type_for_model(row)
        ).select_related("user")
        return [told(entry) for entry in noted.order_by("-action_time")[:LOGGED]]


def _chapter(stood: Stood, earlier: Sequence[Stood], restore: str) -> Chapter:
    before = next((one for one in earlier if one.number == stood.replaced), earlier[0] if earlier else None)
    return Chapter(
        stood=stood,
        changes=differing(before.facts, stood.facts) if before else (),
        is_first=before is None,
        again=next((one.number for one in earlier if one.facts == stood.facts), None),
        restore=restore,
    )


def spoken(facts: Facts) -> list[tuple[str, str]]:
    return [(label, words) for label, words in facts.values() if words]
