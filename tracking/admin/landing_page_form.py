"""The form of a landing page, and the page it stands for before it is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import slugify
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from contacts.numerals import number_in
from tracking import payload
from tracking.admin.sections import SectionsField
from tracking.models import Form, LandingPage, PageImage

URLS = ("imprint_url", "privacy_url")


class LandingPageForm(forms.ModelForm):
    sections = SectionsField(label="", required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("The visitor's")), *settings.LANGUAGES],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = LandingPage
        fields = [
            "title",
            "slug",
            "sections",
            "form",
            "language",
            "description",
            "share_image",
            "accent",
            "font",
            "logo",
            "footer",
            "imprint_url",
            "privacy_url",
            "is_published",
            "publish_from",
            "publish_until",
        ]
        widgets = {
            "accent": UnfoldAdminColorInputWidget,
            "footer": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        }

    def clean_sections(self) -> Any:
        if self["sections"].data is None:  # not on this page: for whoever may not change them
            return self.instance.sections
        return self.cleaned_data["sections"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        begin, end = values.get("publish_from"), values.get("publish_until")
        if begin and end and begin >= end:
            self.add_error("publish_until", _("The window must begin before it ends."))
        for name in URLS:
            if values.get(name) and not payload.is_web_address(values[name]):
                self.add_error(name, _("A web address that begins with https:// or http:// is expected."))
        return values


def unsaved(request: HttpRequest) -> LandingPage:
    """The page's own settings as they stand in the editor, as far as they make sense."""
    said = {name: request.POST.get(name, "").replace("\x00", "") for name in LandingPageForm.Meta.fields}
    page = LandingPage(title=said["title"] or _g("Your title"), slug=slugify(said["slug"]) or "preview")
    page.language, page.footer, page.description = said["language"], said["footer"], said["description"]
    page.accent, page.font = said["accent"], said["font"]
    page.imprint_url, page.privacy_url = (said[name] if payload.is_web_address(said[name]) else "" for name in URLS)
    page.form = _chosen(Form.objects.filter(archived_at=None), said["form"])
    page.logo = _chosen(PageImage.objects.all(), said["logo"])
    return page


def _chosen(rows: QuerySet[Any], text: str) -> Any:
    return rows.filter(pk=number_in(text)).first()
