"""The record: events, a contact's timeline, tracked links; and the page that says how to install the script."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import action, display

from contacts.admin_base import ReadOnlyAdmin, guarded
from contacts.models import Contact
from contacts.told_list import told
from contacts.wording import strung
from tracking import browsers, embedding, timeline, wording
from tracking.models import Event, Link
from tracking.verdicts.wording import sentences


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    empty_text = _("Nothing has happened yet: no visit, no open, no click.")
    list_display = ("at", "kind", "contact", "about", "verdict")
    list_filter = ("kind", ("at", RangeDateFilter), "verdict")
    list_select_related = ("contact", "subject")
    ordering = ("-id",)  # as they came: no index has ten million of them by time, or by anything else
    sortable_by = ()
    fields = ("kind", "at", "contact", "visitor", "about", "verdict", "why", "came_from", "content", "received_at")
    readonly_fields = ("about", "why", "came_from", "content")
    actions_list = ("install_tracking",)

    class Media:
        css = {"all": ["tracking/admin.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return told(super().get_changelist(request, **kwargs), timeline.told)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("contact/<int:pk>/", view(self.timeline), name="tracking_event_timeline"),
            path("install/", view(self.install), name="tracking_event_install"),
            *super().get_urls(),
        ]

    @guarded("view")
    def timeline(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All of a contact's timeline, page by page."""
        contact = Contact.objects.filter(pk=pk).first()
        if contact is None:
            raise Http404
        context = self.admin_site.each_context(request) | {
            "title": str(contact),
            "subtitle": _("Timeline"),
            "opts": self.model._meta,
            "original": contact,
            "contact": contact,
            "timeline": timeline.page(contact, request.GET.get("before", "")),
        }
        return TemplateResponse(request, "tracking/admin/timeline_page.html", context)

    @guarded("view")
    def install(self, request: HttpRequest) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("Install tracking"),
            "opts": self.model._meta,
            "snippets": embedding.of_site(),
            "consent_required": browsers.consent_required(),
            "own_browser": reverse("tracking:own_browser"),
        }
        return TemplateResponse(request, "tracking/admin/install.html", context)

    @action(description=_("Install tracking"), icon="code", permissions=["view"], url_path="install-tracking")
    def install_tracking(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(self.page("install"))

    @display(description=_("about"))
    def about(self, event: Event) -> str:
        words = event.words if hasattr(event, "words") else timeline.told([event])[0]
        return "–" if words == timeline.NOTHING else words

    @display(description=_("reasons"))
    def why(self, event: Event) -> str:
        return strung(sentences(event.reasons)) or "–"

    @display(description=_("from where"))
    def came_from(self, event: Event) -> SafeString | str:
        """The network and the program, each leading to where it can be marked."""
        add = reverse("admin:tracking_mark_add")
        places = [("network", event.network, str(event.network)), ("agent", event.agent, str(event.agent_id))]
        found = [
            (add, urlencode({name: value}), place, _("mark as machine or as people"))
            for name, place, value in places
            if place
        ]
        return format_html_join("", '<div>{2} · <a class="bareme-more" href="{0}?{1}">{3}</a></div>', found) or "–"

    @display(description=_("content"))
    def content(self, event: Event) -> SafeString | str:
        lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", wording.content(event.kind, event.data))
        return format_html('<dl class="bareme-answers">{}</dl>', lines) if lines else "–"


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    empty_text = _("No message with a link was sent yet.")
    list_display = ("url", "source", "created_at")
    list_select_related = ("source",)
    search_fields = ("url", "source__name")
    fields = ("url", "source", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).order_by("-id")  # type: ignore[no-any-return,unused-ignore]
