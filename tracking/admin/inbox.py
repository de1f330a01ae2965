"""The inbox: what waits, and what is parked because it could not be processed."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action, display

from contacts.admin_base import ReadOnlyAdmin
from contacts.remarks import Remark
from tracking import hits
from tracking.doorbell import ring
from tracking.models import Hit


class ParkedFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("Waiting")), ("parked", _("Parked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Hit]) -> QuerySet[Hit]:
        return queryset.filter(parked_at__isnull=self.value() == "waiting") if self.value() else queryset


@admin.register(Hit)
class HitAdmin(ReadOnlyAdmin):
    empty_text = _(
        "All that came in is dealt with. What cannot be dealt with waits here, with the reason, to be tried again."
    )
    list_display = ("received", "what", "state", "url", "reason")
    list_filter = (ParkedFilter, "kind")
    ordering = ("-id",)
    actions = ("try_again",)
    fields = (
        "kind", "at", "received_at", "contact_id", "visitor_id", "subject_id", "message_id", "url", "user_agent", "ip",
        "content", "parked_at", "trouble",
    )  # fmt: skip
    readonly_fields = ("content", "trouble")

    class Media:
        css = {"all": ["tracking/admin.css"]}

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tracking.change_hit")

    @action(description=_("Try again"), permissions=["retry"], icon="refresh")
    def try_again(self, request: HttpRequest, queryset: QuerySet[Hit]) -> None:
        parked = queryset.filter(parked_at__isnull=False)
        self.note(request, parked, Remark(_("Tried again.")))
        count = hits.retry(parked)
        ring()
        sentence = ngettext_lazy("%(count)d hit will be tried again.", "%(count)d hits will be tried again.", "count")
        self.tell(request, count, sentence)

    @display(description=_("received"), ordering="received_at")
    def received(self, hit: Hit) -> Any:
        return hit.received_at

    @display(description=_("what"), ordering="kind")
    def what(self, hit: Hit) -> str:
        return hit.get_kind_display()

    @display(description=_("state"), label={"waiting": "info", "parked": "danger"})
    def state(self, hit: Hit) -> tuple[str, Any]:
        return ("parked", _("Parked")) if hit.parked_at else ("waiting", _("Waiting"))

    @display(description=_("error"))
    def reason(self, hit: Hit) -> str:
        return hit.error.strip().rpartition("\n")[2][:120]

    @display(description=_("content"))
    def content(self, hit: Hit) -> SafeString:
        return as_json(hit.data)

    @display(description=_("error"))
    def trouble(self, hit: Hit) -> SafeString:
        return format_html('<pre class="bareme-error-text">{}</pre>', hit.error or "–")


def as_json(value: Any) -> SafeString:
    return format_html('<pre class="bareme-json">{}</pre>', orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
