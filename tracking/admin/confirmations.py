"""Double opt-in in the admin: who was asked to confirm what, whether the mail left, and whether they did."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from contacts.admin_base import ReadOnlyAdmin
from tracking import double_opt_in
from tracking.models import Confirmation

LABELS = {"confirmed": "success", "expired": "default", "failed": "danger", "waiting": "info", "unsent": "warning"}


class State(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("confirmed", _("Confirmed")), ("waiting", _("Waiting")), ("expired", _("Expired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Confirmation]) -> QuerySet[Confirmation]:
        match self.value():
            case "confirmed":
                return queryset.filter(confirmed_at__isnull=False)
            case "waiting":
                return queryset.filter(confirmed_at=None, expires_at__gt=timezone.now())
            case "expired":
                return queryset.filter(confirmed_at=None, expires_at__lte=timezone.now())
        return queryset


@admin.register(Confirmation)
class ConfirmationAdmin(ReadOnlyAdmin):
    empty_text = _("Nobody was asked to confirm by email yet. Which forms ask for it is said on each form.")
    list_display = ("asked_at", "email", "form", "state", "sent_at", "confirmed_at", "trouble")
    list_filter = (State,)
    list_select_related = ("form",)
    search_fields = ("email",)
    search_help_text = _("Email")
    ordering = ("-id",)
    fields = (
        "contact",
        "email",
        "form",
        "consents",
        "ip",
        "asked_at",
        "sent_at",
        "expires_at",
        "confirmed_at",
        "error",
    )

    @display(description=_("state"), label=LABELS)
    def state(self, row: Confirmation) -> tuple[str, Any]:
        if row.confirmed_at:
            return "confirmed", _("Confirmed")
        if row.is_expired:
            return "expired", _("Expired")
        if row.sent_at:
            return "waiting", _("Waiting for a click")
        return ("unsent", _("Mail on its way")) if row.send_at else ("failed", _("Mail did not leave"))

    @display(description=_("error"))
    def trouble(self, row: Confirmation) -> Any:
        return _("We may not write to this address.") if row.error == double_opt_in.BLOCKED else row.error
