"""Webinars: who registered, and marking who came."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action, display

from campaigns import webinars
from campaigns.models import Registration, Webinar
from contacts.admin_base import BaremeAdmin, ReadOnlyAdmin
from contacts.remarks import Remark
from tracking.doorbell import ring
from tracking.models import Kind


@admin.register(Webinar)
class WebinarAdmin(BaremeAdmin):
    empty_text = _("Who registers for a webinar, and who comes, can earn points.")
    list_display = ("name", "starts_at", "minutes", "registered", "attended", "missed")
    search_fields = ("name",)
    date_hierarchy = "starts_at"
    autocomplete_fields = ("form",)
    actions_detail = ("see_registrations",)
    fieldsets: ClassVar = [
        (None, {"fields": ["name", ("starts_at", "minutes"), "url"]}),
        (
            _("Registration"),
            {"fields": ["form"], "description": _("Whoever submits the form before the webinar ends is registered.")},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webinar]:
        found: QuerySet[Webinar] = super().get_queryset(request)
        counts = {f"{name}_count": Count(f"registrations__{name}_at") for name in ("registered", "attended", "missed")}
        return found.annotate(**counts)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Events name it."""
        return False

    @display(description=_("registered"), ordering="registered_count")
    def registered(self, webinar: Webinar) -> int:
        return webinar.registered_count  # type: ignore[attr-defined,no-any-return]

    @display(description=_("attended"), ordering="attended_count")
    def attended(self, webinar: Webinar) -> int:
        return webinar.attended_count  # type: ignore[attr-defined,no-any-return]

    @display(description=_("missed"), ordering="missed_count")
    def missed(self, webinar: Webinar) -> int:
        return webinar.missed_count  # type: ignore[attr-defined,no-any-return]

    @action(description=_("Registrations"), permissions=["view"], icon="groups", url_path="see-registrations")
    def see_registrations(self, request: HttpRequest, object_id: str) -> HttpResponse:
        address = self.page("changelist").replace("/webinar/", "/registration/")
        return HttpResponseRedirect(f"{address}?webinar__id__exact={object_id}")


@admin.register(Registration)
class RegistrationAdmin(ReadOnlyAdmin):
    """What the events say. Marking somebody is an event too: the list follows within a moment."""

    empty_text = _("Nobody has registered for a webinar yet.")
    list_display = ("contact", "webinar", "registered_at", "attended_at", "missed_at")
    list_filter = ("webinar",)
    list_select_related = ("contact", "webinar")
    search_fields = ("contact__email__startswith",)
    actions = ("mark_attended", "mark_missed")
    fields = ("contact", "webinar", "registered_at", "attended_at", "missed_at")
    autocomplete_fields = ("contact", "webinar")

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.change_registration")  # type: ignore[union-attr,unused-ignore]

    @action(description=_("Attended"), permissions=["decide"], icon="check")
    def mark_attended(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        self._mark(request, queryset, Kind.WEBINAR_ATTENDED)

    @action(description=_("Missed it"), permissions=["decide"], icon="close")
    def mark_missed(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        self._mark(request, queryset, Kind.WEBINAR_MISSED)

    def _mark(self, request: HttpRequest, queryset: QuerySet[Registration], kind: Kind) -> None:
        by_webinar: dict[Webinar, list[int]] = {}
        for row in queryset.select_related("webinar"):
            by_webinar.setdefault(row.webinar, []).append(row.contact_id)
        for webinar, contact_ids in by_webinar.items():
            webinars.record(webinar, kind, contact_ids)
        ring()
        count = sum(map(len, by_webinar.values()))
        self.note(request, queryset, Remark(kind.label))
        self.tell(request, count, ngettext_lazy("%(count)d marked.", "%(count)d marked.", "count"))

    # Registering by hand

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("campaigns.add_registration")  # type: ignore[union-attr,unused-ignore]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("contact", "webinar")

    def save_model(self, request: HttpRequest, obj: Registration, form: Any, change: bool) -> None:
        webinars.record(obj.webinar, Kind.WEBINAR_REGISTERED, [obj.contact_id])
        ring()
        obj.pk = Registration.objects.get_or_create(webinar=obj.webinar, contact=obj.contact)[0].pk
