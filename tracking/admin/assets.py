"""Assets: a file or an address, exactly one of the two."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from tracking import addresses, payload, statistics
from tracking.admin.statistics import WithStatistics
from tracking.models import Asset
from tracking.statistics import Report, Span


class AssetForm(forms.ModelForm):
    class Meta:
        model = Asset
        fields = ["name", "is_active", "description", "file", "url", "gate"]
        widgets = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 4})}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if "file" in self.errors or "url" in self.errors:
            return values
        if bool(values.get("file")) == bool(values.get("url")):
            raise forms.ValidationError(_("An asset is either a file or an address elsewhere: give one of them."))
        if values.get("url") and not payload.is_web_address(values["url"]):
            self.add_error("url", _("A web address that begins with https:// or http:// is expected."))
        return values


@admin.register(Asset)
class AssetAdmin(WithStatistics):
    actions_detail = ("see_statistics",)
    empty_text = _("Assets are what visitors download: a file or an address, perhaps behind a form.")
    form = AssetForm
    list_display = ("name", "is_active", "gate", "public_link")
    list_filter = ("is_active",)
    list_select_related = ("gate",)
    search_fields = ("name", "description")
    autocomplete_fields = ("gate",)
    readonly_fields = ("public_link",)
    fieldsets = (
        (None, {"fields": [("name", "is_active"), "description"]}),
        (_("What is handed over"), {"fields": ["file", "url"], "description": _("A file, or an address elsewhere.")}),
        (
            _("To whom"),
            {
                "fields": ["gate", "public_link"],
                "description": _(
                    "With a form, only who fills it in gets the download; without, everybody who has the address."
                ),
            },
        ),
    )

    class Media:
        css: ClassVar = {"all": ["tracking/admin.css"]}

    def report(self, row: Asset, days: Span) -> Report:
        return statistics.of_asset(row, days)

    @display(description=_("address"))
    def public_link(self, asset: Asset) -> Any:
        return _link(asset) if asset.pk else "–"


def _link(asset: Asset) -> SafeString:
    return format_html(
        '<a class="bareme-more" href="{0}" target="_blank" rel="noopener">{0}</a>', addresses.asset(asset)
    )
