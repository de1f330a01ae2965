"""SMS: written beside a live preview that counts as gateways do."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from campaigns import texting
from campaigns.admin import previews
from campaigns.mail import fields
from campaigns.models import Sms
from contacts.admin_base import guarded
from tracking import statistics
from tracking.admin.statistics import WithStatistics
from tracking.statistics import Report, Span


class SmsForm(forms.ModelForm):
    def clean_body(self) -> str:
        fields.validate(self.cleaned_data["body"])
        return str(self.cleaned_data["body"])


@admin.register(Sms)
class SmsAdmin(WithStatistics):
    empty_text = _("SMS are written here; triggers and campaigns send them.")
    form = SmsForm
    list_display = ("name", "body", "size", "state", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "body")
    change_form_outer_after_template = "campaigns/preview.html"
    actions_detail = ("see_statistics",)
    fieldsets: ClassVar = [(None, {"fields": ["name", "is_active", "body"]})]

    class Media:
        css = {"all": ["campaigns/campaigns.css"]}
        js = ("campaigns/preview.js",)

    @display(description=_("size"))
    def size(self, sms: Sms) -> str:
        return previews.length(texting.preview(sms, previews.sample()))

    @display(description=_("state"), label={"active": "success", "inactive": "warning"})
    def state(self, sms: Sms) -> tuple[str, Any]:
        return ("active", _("Active")) if sms.is_active else ("inactive", _("Inactive"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was sent names it: switch it off instead."""
        return False

    def report(self, row: Sms, days: Span) -> Report:
        return statistics.of_sms(row.pk, days)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview))
        return [path("preview/", view, name="campaigns_sms_preview"), *super().get_urls()]

    @guarded("view")
    def preview(self, request: HttpRequest) -> HttpResponse:
        return previews.sms(request)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        extra = {**(extra_context or {}), **previews.panel("sms", self.page("preview"))}
        return super().changeform_view(request, object_id, form_url, extra)
