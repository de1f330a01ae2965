"""The list of publications: the draft first, then what was published, each by its note or by what it changed."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Count, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.admin import latest_versions
from contacts.admin_base import BaremeAdmin
from scoring.models import Publication
from scoring.publishing import naming

State = Publication.State


class PublicationList(BaremeAdmin):
    list_display = ("what", "state_label", "applies", "edit_count", "author", "published_at")
    list_filter = ("state",)
    list_select_related = ("author",)
    search_fields = ("note", "edits__name")
    actions = None
    list_after_template = "campaigns/publications/latest.html"
    empty_text = _(
        "A draft collects edits that belong together, and shows whose score would change before they come into force. "
        "To begin one, open a point action, a group or a trigger, and choose “Add to the draft”."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Publication]:
        found: QuerySet[Publication] = super().get_queryset(request)
        return found.prefetch_related("edits").annotate(edits_in_it=Count("edits", distinct=True))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [Case(When(state=State.DRAFT, then=Value(0)), default=Value(1)).asc(), "-id"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        more = {"title": _("Draft and publications"), "latest": latest_versions.latest(request)}
        answer: HttpResponse = super().changelist_view(request, (extra_context or {}) | more)
        return answer

    @display(description=_("what"), header=False)
    def what(self, publication: Publication) -> str:
        return naming.name(publication)

    @display(
        description=_("state"),
        label={State.DRAFT: "warning", State.PUBLISHED: "success", State.ROLLED_BACK: "info", State.DISCARDED: "info"},
    )
    def state_label(self, publication: Publication) -> tuple[str, str]:
        return publication.state, publication.get_state_display()

    @display(description=_("applies"))
    def applies(self, publication: Publication) -> str:
        return publication.get_scope_display() if publication.published_at else "–"

    @display(description=_("edits"), ordering="edits_in_it")
    def edit_count(self, publication: Any) -> int:
        return int(publication.edits_in_it)
