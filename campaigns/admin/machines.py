"""Machines: networks, programs and contacts that a person marked, with a preview before and what was done for nothing."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from campaigns import unearned
from contacts.admin_base import BaremeAdmin, ReadOnlyAdmin, guarded
from contacts.models import Contact
from contacts.remarks import Remark
from scoring import machines
from tracking.doorbell import ring
from tracking.models import Agent, Mark, Network
from tracking.verdicts import marks_sql

SUSPICIOUS_DAYS = 30
SHOWN = 20  # rows of each list on a page
NARROWEST = {4: 24, 6: 48}  # addresses are not kept more precisely


class MarkForm(forms.ModelForm):  # type: ignore[type-arg,unused-ignore]
    class Meta:
        model = Mark
        fields = ("is_machine", "network", "agent", "contact", "scope", "note")

    def clean_network(self) -> str:
        text: str = self.cleaned_data["network"].strip()
        if not text:
            return ""
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            raise ValidationError(_g("This is no network. An example: 203.0.113.0/24")) from None
        if network.prefixlen > NARROWEST[network.version]:
            network = network.supernet(new_prefix=NARROWEST[network.version])
        return str(network)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        targets = {name: given.get(name) for name in ("network", "agent", "contact") if given.get(name)}
        if len(targets) != 1:
            raise ValidationError(_g("Mark one thing: a network, or a program, or a contact."))
        if Mark.objects.filter(undone_at=None, **targets).exists():
            raise ValidationError(_g("This is marked already. Take that back first."))
        return given


@admin.register(Mark)
class MarkAdmin(BaremeAdmin):
    form = MarkForm
    empty_text = _("Nothing is marked by hand. What gives itself away as a machine does not count anyway.")
    add_text = _("Mark as machine")
    list_display = ("what", "kind", "says", "scope", "state", "author", "created_at")
    list_display_links = ("what",)
    list_select_related = ("agent", "contact", "author")
    list_filter = ("is_machine", "scope")
    search_fields = ("network", "agent__text", "contact__email", "note")
    autocomplete_fields = ("agent", "contact")
    fieldsets = (
        (
            None,
            {
                "fields": ("is_machine", "scope"),
                "description": _("Nothing is marked yet: first you see what it would change."),
            },
        ),
        (_("What to mark: one of these"), {"fields": ("network", "agent", "contact")}),
        (None, {"fields": ("note",)}),
    )
    list_before_template = "tracking/admin/suspects.html"
    change_form_outer_after_template = "tracking/admin/mark.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return ((None, {"fields": self._shown(request)}),) if obj else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self._shown(request) if obj else ()

    def _shown(self, request: HttpRequest) -> tuple[str, ...]:
        """Of a mark. Its author is a link only for those who may follow it."""
        users = get_user_model()._meta
        may_see = request.user.has_perm(f"{users.app_label}.view_{users.model_name}")
        author = "author" if may_see else "by"
        return ("what", "kind", "is_machine", "scope", "note", author, "created_at", "undone_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a mark is made and taken back, so that its history stays true

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_take_back_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tracking.change_mark")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.take_back))
        return [path("<int:pk>/take-back/", view, name="tracking_mark_take_back"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(
            request, {**(extra_context or {}), "suspects": _suspects(), "days": SUSPICIOUS_DAYS}
        )

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First the preview; what it shows is marked when it is confirmed."""
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        extra_context = {"title": self.add_text, **buttons, **(extra_context or {})}
        if request.method != "POST" or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return,unused-ignore]
        form = MarkForm(request.POST)
        if not form.is_valid():
            return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return,unused-ignore]
        mark: Mark = form.save(commit=False)
        if "_confirmed" in request.POST:
            return self._confirm(request, mark)
        with machines.supposed(mark) as preview:
            found = unearned.unearned(preview.looked_at)
            context = self._preview_context(request, mark, preview, found)
            return TemplateResponse(request, "tracking/admin/mark_preview.html", context).render()

    def _confirm(self, request: HttpRequest, mark: Mark) -> HttpResponse:
        try:
            machines.mark(mark, request.user)
        except IntegrityError:  # somebody else was faster
            self.message_user(request, _("This is marked already. Take that back first."), messages.ERROR)
            return HttpResponseRedirect(self.page("changelist"))
        self.log_addition(request, mark, [{"added": {}}])
        ring()
        self.message_user(
            request, _("Marked. Scores follow in the background; what they cross waits for your release.")
        )
        return HttpResponseRedirect(self.page("change", mark.pk))

    def _preview_context(
        self, request: HttpRequest, mark: Mark, preview: machines.Preview, found: list[unearned.Unearned]
    ) -> dict[str, Any]:
        names = Contact.objects.in_bulk([move.contact_id for move in preview.moves[:SHOWN]])
        context: dict[str, Any] = self.admin_site.each_context(request)
        return context | {
            "title": _("Preview"),
            "subtitle": str(mark),
            "opts": self.model._meta,
            "mark": mark,
            "preview": preview,
            "posted": [(name, request.POST.get(name, "")) for name in MarkForm.Meta.fields],
            "moves": [(names.get(move.contact_id), move) for move in preview.moves[:SHOWN]],
            "more": max(0, len(preview.moves) - SHOWN),
            "unearned": found[:SHOWN],
            "unearned_more": max(0, len(found) - SHOWN),
        }

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        mark = self.get_object(request, object_id)
        extra = (
            {
                "title": str(mark),
                "mark": mark,
                "sweep": machines.progress(mark),
                "may_take_back": self.has_take_back_permission(request),
                **_consequences(mark),
            }
            if mark
            else {}
        )
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    @guarded("take_back")
    def take_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        mark = get_object_or_404(Mark, pk=pk)
        if machines.take_back(mark):
            self.log_change(request, mark, Remark(_("Taken back.")))
            ring()
            self.message_user(
                request, _("Taken back. Scores follow in the background, as if it had never been marked.")
            )
        return HttpResponseRedirect(self.page("changelist"))

    @display(description=_("what"))
    def what(self, mark: Mark) -> str:
        return str(mark)

    @display(description=_("kind"))
    def kind(self, mark: Mark) -> Any:
        if mark.network:
            return _("network")
        return _("browser or program") if mark.agent_id else _("contact")

    @display(description=_("author"))
    def by(self, mark: Mark) -> str:
        return str(mark.author or "–")

    @display(description=_("verdict"), label={"machine": "warning", "people": "success"})
    def says(self, mark: Mark) -> tuple[str, Any]:
        return ("machine" if mark.is_machine else "people", mark.get_is_machine_display())

    @display(description=_("state"), label={"yes": "info", "no": ""})
    def state(self, mark: Mark) -> tuple[str, Any]:
        return ("no", _("Taken back")) if mark.undone_at else ("yes", _("In force"))


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    """For the choice of a program to mark, and to look one up."""

    empty_text = _("No programs and browsers were seen yet.")
    list_display = ("text", "listed", "first_seen_at")
    search_fields = ("text",)
    ordering = ("-id",)
    fields = ("text", "listed", "first_seen_at")
    readonly_fields = ("listed",)

    @display(description=_("on a list"), boolean=True)
    def listed(self, agent: Agent) -> bool:
        return bool(agent.reasons)


def _suspects() -> list[dict[str, Any]]:
    """Networks that followed hidden links lately and are not marked, the busiest first."""
    rows = marks_sql.suspects(timezone.now() - timedelta(days=SUSPICIOUS_DAYS), SHOWN)
    networks = Network.objects.in_bulk([row["network_id"] for row in rows])
    marked = set(Mark.objects.filter(undone_at=None).exclude(network="").values_list("network", flat=True))
    found = [row | {"network": str(networks[row["network_id"]])} for row in rows if row["network_id"] in networks]
    return [row for row in found if row["network"] not in marked]


def _consequences(mark: Mark) -> dict[str, Any]:
    """What was done for scores that were not earned, once the walk is over."""
    if mark.undone_at or not mark.is_machine or machines.progress(mark):
        return {}
    found = unearned.unearned(marks_sql.contacts_of(mark.pk, machines.PREVIEWED))
    return {"unearned": found[:SHOWN], "unearned_more": max(0, len(found) - SHOWN), "is_done": True}
