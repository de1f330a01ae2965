"""Erasures in the admin: the record of them, and how far several at once have come. Never who was erased."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from contacts.admin.privacy import ring
from contacts.admin_base import ReadOnlyAdmin, guarded, note
from contacts.models import Erasure, ErasureRun
from contacts.numerals import number_in
from contacts.privacy import several, wording
from contacts.remarks import Remark
from contacts.wording import labelled, whole

SHOWN = 100  # of those who could not be erased
COLOURS = {"going": "info", "done": "success", "stopped": "warning"}


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """That somebody was erased, never who."""

    empty_text = _(
        "Nobody has been erased yet. It is done on the page of a contact; here it is recorded that it was, never of whom."
    )
    list_display = ("at", "by", "reason", "people", "total")
    list_select_related = ("by",)
    list_before_template = "contacts/privacy/erasures_before.html"
    fields = ("at", "by", "reason", "people", "rows")
    readonly_fields = ("rows",)

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        runs = list(ErasureRun.objects.select_related("by")[:3]) if may_erase(request) else []
        return super().changelist_view(request, {**(extra_context or {}), "runs": runs})

    @admin.display(description=_("rows"))
    def total(self, erasure: Erasure) -> int:
        return sum(erasure.counts.values())

    @admin.display(description=_("what went, or stayed without a name"))
    def rows(self, erasure: Erasure) -> str:
        every = [*wording.lines(erasure.counts, stays=False), *wording.lines(erasure.counts, stays=True)]
        return " · ".join(labelled(label, count) for label, count in every)


@admin.register(ErasureRun)
class ErasureRunAdmin(ReadOnlyAdmin):
    """How far it is, for those who may erase."""

    empty_text = _(
        "Nobody has erased several people at once yet. They are chosen in the list of contacts or of data requests;"
        " here is how far it has come."
    )
    list_display = ("asked_at", "by", "reason", "how_far", "erased", "total")
    list_select_related = ("by",)

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_erase(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/status/", view(self.status), name="contacts_erasurerun_status"),
            *super().get_urls(),
        ]

    @display(description=_("state"), label=COLOURS, ordering="state")
    def how_far(self, run: ErasureRun) -> tuple[str, Any]:
        return run.state, run.get_state_display()

    @guarded("view")
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """How far it is; POST stops it, or tries those again who could not be erased."""
        run = _run(object_id)
        if request.method == "POST":
            self._answer(request, run)
            return HttpResponseRedirect(run.get_absolute_url())
        progress = several.progress(run)
        failed = run.waiting.exclude(error="").select_related("contact").order_by("pk")[:SHOWN]
        context = self.admin_site.each_context(request) | {
            "title": self.opts.verbose_name,
            "opts": self.opts,
            "run": run,
            "progress": progress,
            "sentence": _sentence(run, progress),
            "failed": list(failed) if progress.failed else [],
        }
        return TemplateResponse(request, "contacts/privacy/erasure_run.html", context)

    def _answer(self, request: HttpRequest, run: ErasureRun) -> None:
        if "stop" in request.POST:
            if several.stop(run):
                note(request, [run], Remark(_("Stopped.")))
                self.message_user(request, _g("Stopped. Nobody else is erased."), messages.SUCCESS)
            else:
                self.message_user(request, _g("There was nothing left to stop."), messages.WARNING)
        elif "again" in request.POST and several.try_again(run):
            note(request, [run], Remark(_("Tried again.")))
            ring()

    @guarded("view")
    def status(self, request: HttpRequest, pk: int) -> JsonResponse:
        run = _run(str(pk))
        progress = several.progress(run)
        return JsonResponse({"going": run.is_going, "percent": progress.percent, "sentence": _sentence(run, progress)})


def may_erase(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.has_perm("contacts.view_contact") and user.has_perm("contacts.erase_person"))


def _run(object_id: str) -> ErasureRun:
    run = ErasureRun.objects.select_related("by").filter(pk=number_in(object_id)).first()
    if run is None:
        raise Http404
    return run


def _sentence(run: ErasureRun, progress: several.Progress) -> str:
    text = ngettext("%(done)s of %(total)s person erased", "%(done)s of %(total)s people erased", run.total)
    told = text % {"done": whole(run.erased), "total": whole(run.total)}
    if not progress.left:
        return f"{told}."
    left = ngettext("%(left)s is left", "%(left)s are left", progress.left) % {"left": whole(progress.left)}
    return f"{told}, {left}."
