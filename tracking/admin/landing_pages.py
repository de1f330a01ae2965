"""Landing pages, with a preview before they are published."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from contacts.admin_base import BaremeAdmin
from tracking import addresses
from tracking.models import LandingPage


class LandingPageForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("The visitor's")), *settings.LANGUAGES],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = LandingPage
        fields = ["title", "slug", "body", "form", "language", "is_published", "publish_from", "publish_until"]
        widgets = {"body": UnfoldAdminTextareaWidget(attrs={"rows": 18})}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        begin, end = values.get("publish_from"), values.get("publish_until")
        if begin and end and begin >= end:
            self.add_error("publish_until", _("The window must begin before it ends."))
        return values


@admin.register(LandingPage)
class LandingPageAdmin(BaremeAdmin):
    form = LandingPageForm
    list_display = ("title", "state", "form", "public_link")
    list_filter = ("is_published",)
    list_select_related = ("form",)
    search_fields = ("title", "slug")
    autocomplete_fields = ("form",)
    prepopulated_fields = {"slug": ("title",)}
    actions_detail = ("preview", "visit")
    fieldsets = (
        (None, {"fields": [("title", "slug"), "body", ("form", "language")]}),
        (
            _("Publishing"),
            {
                "fields": ["is_published", "publish_from", "publish_until"],
                "description": _("Outside its window the page is not found; the preview shows it to you all the same."),
            },
        ),
    )

    @action(description=_("Preview"), icon="visibility", permissions=["view"])
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponseRedirect:
        page = LandingPage.objects.get(pk=object_id)
        return HttpResponseRedirect(addresses.landing_path(page) + "?preview=1")

    @action(description=_("Open the public page"), icon="open_in_new", permissions=["view"])
    def visit(self, request: HttpRequest, object_id: str) -> HttpResponseRedirect:
        return HttpResponseRedirect(addresses.landing_page(LandingPage.objects.get(pk=object_id)))

    @display(description=_("state"), label={"open": "success", "closed": "warning", "draft": "info"})
    def state(self, page: LandingPage) -> tuple[str, Any]:
        if page.is_open():
            return "open", _("Published")
        return ("closed", _("Outside its window")) if page.is_published else ("draft", _("Draft"))

    @display(description=_("address"))
    def public_link(self, page: LandingPage) -> SafeString:
        return format_html('<a href="{0}" target="_blank" rel="noopener">{0}</a>', addresses.landing_page(page))
