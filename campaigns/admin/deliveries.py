"""Deliveries: everything that was to be done, what came of it, and every try."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action, display

from campaigns import delivery, sentences
from campaigns.actions.base import cause
from campaigns.admin import labels
from campaigns.models import Attempt, Delivery, Message
from campaigns.registry import actions
from contacts.admin_base import ReadOnlyAdmin, ReadOnlyInline
from contacts.remarks import Remark
from tracking.doorbell import ring


class AttemptInline(ReadOnlyInline):
    model = Attempt
    hide_title = True
    fields = ("number", "started_at", "finished_at", "succeeded", "detail")


class TypeFilter(admin.SimpleListFilter):
    title = _("action")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(((type_.key, type_.label) for type_ in actions), key=lambda pair: str(pair[1]))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(labels.NamesOnce, ReadOnlyAdmin):
    empty_text = _("Nothing was done yet. What triggers and campaigns do is listed here, with every attempt.")
    list_display = ("contact", "what", "why", "state_label", "outcome", "attempt_count", "created_at")
    list_filter = ("state", TypeFilter)
    list_select_related = ("contact", "firing__trigger", "step_run__step__campaign")
    search_fields = ("contact__email__startswith",)
    inlines = (AttemptInline,)
    actions = ("try_again", "cancel")
    actions_detail = ("try_this_again",)
    fieldsets = [
        (None, {"fields": ["contact", "what", "why", "state_label", "outcome", "sent_message"]}),
        (_("Times"), {"fields": [("created_at", "not_before", "done_at"), ("attempt_count", "the_key")]}),
    ]
    readonly_fields = ("what", "why", "state_label", "sent_message", "the_key")

    class Media:
        css = labels.CSS

    @display(description=_("action"))
    def what(self, row: Delivery) -> str:
        return sentences.delivery(row)

    @display(description=_("because of"))
    def why(self, row: Delivery) -> str:
        name = cause(row) or "–"
        if row.firing_id:
            return format_html(
                '<a class="text-primary-600" href="{}">{}</a>',
                reverse("admin:campaigns_firing_change", args=[row.firing_id]),
                name,
            )
        return name

    @display(description=_("state"), ordering="state")
    def state_label(self, row: Delivery) -> str:
        return labels.state(row)

    @display(description=_("message"))
    def sent_message(self, row: Delivery) -> str:
        message = Message.objects.filter(delivery=row).first()
        if message is None:
            return "–"
        address = reverse("admin:campaigns_message_change", args=[message.pk])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', address, message)

    @display(description=_("key"))
    def the_key(self, row: Delivery) -> Any:
        return row.key

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.change_delivery")  # type: ignore[union-attr,unused-ignore]

    @action(description=_("Try again now"), permissions=["decide"], icon="refresh")
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self.note(request, queryset, Remark(_("Tried again.")))
        count = delivery.try_again(queryset)
        ring()
        self.tell(request, count, ngettext_lazy("%(count)d queued again.", "%(count)d queued again.", "count"))

    @action(description=_("Cancel"), permissions=["decide"], icon="cancel")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self.note(request, queryset.filter(state__in=Delivery.WAITING), Remark(_("Cancelled.")))
        count = delivery.cancel(queryset)
        self.tell(request, count, ngettext_lazy("%(count)d cancelled.", "%(count)d cancelled.", "count"))

    @action(description=_("Try again now"), permissions=["decide"], icon="refresh", url_path="try-again", dialog={
        "title": _("Try again now"),
        "description": _("What was sent already is left alone."),
        "form_class": None,
        "form_submit_text": _("Try again now"),
    })  # fmt: skip
    def try_this_again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self.try_again(request, Delivery.objects.filter(pk=object_id))
        return HttpResponse(headers={"HX-Redirect": self.page("change", object_id)})
