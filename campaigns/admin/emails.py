"""Emails: written beside a live preview, tested by sending one to oneself."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from campaigns.admin import previews
from campaigns.mail import fields, html, send
from campaigns.models import Email, Message
from campaigns.registry import DeliveryError
from contacts.admin_base import guarded
from tracking import statistics
from tracking.admin.statistics import WithStatistics
from tracking.statistics import Report, Span


class EmailForm(forms.ModelForm):
    def clean_subject_line(self) -> str:
        return _header(self.data.get(self.add_prefix("subject_line"), ""), self.cleaned_data["subject_line"])

    def clean_from_name(self) -> str:
        return _header(self.data.get(self.add_prefix("from_name"), ""), self.cleaned_data["from_name"])

    def clean_preheader(self) -> str:
        return _header(self.data.get(self.add_prefix("preheader"), ""), self.cleaned_data["preheader"])

    def clean_html(self) -> str:
        html.validate(self.cleaned_data["html"])
        return str(self.cleaned_data["html"])

    def clean_text(self) -> str:
        fields.validate(self.cleaned_data["text"])
        return str(self.cleaned_data["text"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "html" in cleaned and "text" in cleaned and not (cleaned["html"].strip() or cleaned["text"].strip()):
            self.add_error("html", _("There is nothing to send yet: write the HTML, or the text."))
        return cleaned


def _header(posted: str, cleaned: str) -> str:
    """What was posted is looked at too: cleaning may have taken a line break away, and with it the warning."""
    fields.validate_header(posted.strip())
    fields.validate_header(cleaned)
    return cleaned


@admin.register(Email)
class EmailAdmin(WithStatistics):
    empty_text = _("Emails are written here; triggers and campaigns send them.")
    form = EmailForm
    list_display = ("name", "subject_line", "language", "state", "sent", "updated_at")
    list_filter = ("is_active", "language")
    search_fields = ("name", "subject_line")
    change_form_outer_after_template = "campaigns/preview.html"
    actions_detail = ("see_statistics", "send_test")
    fieldsets: ClassVar = [
        (None, {"fields": [("name", "language"), "is_active"]}),
        (_("In the inbox"), {"fields": [("from_name", "from_email"), "reply_to", "subject_line", "preheader"]}),
        (_("Content"), {"fields": ["html", "text"]}),
    ]

    class Media:
        css = {"all": ["campaigns/campaigns.css"]}
        js = ("campaigns/preview.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Email]:
        """With how often each was sent: by its subject, which is how messages name it."""
        sent = Message.objects.filter(
            subject__type="email", subject__ref_id=OuterRef("pk"), sent_at__isnull=False
        ).order_by()
        counted = sent.values("subject__ref_id").annotate(count=Count("pk")).values("count")
        found: QuerySet[Email] = super().get_queryset(request)
        return found.annotate(sent_count=Coalesce(Subquery(counted), 0))

    @display(description=_("state"), label={"active": "success", "inactive": "warning"})
    def state(self, email: Email) -> tuple[str, Any]:
        return ("active", _("Active")) if email.is_active else ("inactive", _("Inactive"))

    @display(description=_("sent"))
    def sent(self, email: Email) -> int:
        return email.sent_count  # type: ignore[attr-defined,no-any-return]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was sent names it: switch it off instead."""
        return False

    def report(self, row: Email, days: Span) -> Report:
        return statistics.of_email(row.pk, days)

    # The preview

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview))
        return [path("preview/", view, name="campaigns_email_preview"), *super().get_urls()]

    @guarded("view")
    def preview(self, request: HttpRequest) -> HttpResponse:
        return previews.email(request)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        extra = {**(extra_context or {}), **previews.panel("email", self.page("preview"))}
        return super().changeform_view(request, object_id, form_url, extra)

    # The test

    @action(description=_("Send a test to me"), permissions=["change"], icon="send", url_path="send-test", dialog={
        "title": _("Send a test to me"),
        "description": _("The saved email goes to your own address, as a contact would get it. Nothing is tracked."),
        "form_class": None,
        "form_submit_text": _("Send"),
    })  # fmt: skip
    def send_test(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        email, address = self.get_object(request, object_id), getattr(request.user, "email", "")
        if email is not None:
            self._send_test(request, email, address)
        return HttpResponse(headers={"HX-Redirect": self.page("change", object_id)})

    def _send_test(self, request: HttpRequest, email: Email, address: str) -> None:
        if not address:
            self.message_user(request, _g("Your account has no email address."), messages.ERROR)
            return
        try:
            send.test_to(email, (previews.contacts() or [previews.sample()])[0], address)
        except DeliveryError as error:
            self.message_user(request, _g("The test was not sent: %(error)s") % {"error": error}, messages.ERROR)
        else:
            self.message_user(request, _g("A test was sent to %(address)s.") % {"address": address})
