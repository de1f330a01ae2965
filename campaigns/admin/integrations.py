"""Integrations: who is told by webhook, with the secret to verify us by and a button to try it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from campaigns import webhooks
from campaigns.models import Integration, new_secret
from campaigns.registry import DeliveryError
from contacts.admin_base import BaremeAdmin

LINE = 'hmac.compare_digest(v1, hmac.new(secret.encode(), f"{t}.".encode() + body, "sha256").hexdigest())'


@admin.register(Integration)
class IntegrationAdmin(BaremeAdmin):
    empty_text = _("An integration is another system that triggers and campaigns can tell what happened.")
    list_display = ("name", "url", "state", "disabled_reason", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "url")
    readonly_fields = ("secret", "disabled_reason", "verify")
    actions_detail = ("ping", "renew_secret")
    fieldsets: ClassVar = [
        (None, {"fields": ["name", "url", "is_active", "disabled_reason"]}),
        (_("For the receiver"), {"fields": ["secret", "verify"]}),
    ]

    class Media:
        css = {"all": ["campaigns/campaigns.css"]}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The secret is made on saving."""
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": ["name", "url", "is_active"]})]

    def save_model(self, request: HttpRequest, obj: Integration, form: Any, change: bool) -> None:
        if obj.is_active:
            obj.disabled_reason = ""
        super().save_model(request, obj, form, change)

    @display(description=_("state"), label={"active": "success", "inactive": "warning"})
    def state(self, integration: Integration) -> tuple[str, Any]:
        return ("active", _("Active")) if integration.is_active else ("inactive", _("Inactive"))

    @display(description=_("verify the signature"))
    def verify(self, integration: Integration) -> str:
        help_text = _g(
            "In Python, with t and v1 from the header X-Bareme-Signature and the body as received; see docs/webhooks.md."
        )
        return format_html('<pre class="campaigns-source">{}</pre><p class="mt-1 text-sm">{}</p>', LINE, help_text)

    @action(description=_("Send a test"), permissions=["change"], icon="network_ping", url_path="ping", dialog={
        "title": _("Send a test"),
        "description": _("Posts a signed message of the type “ping” to the address."),
        "form_class": None,
        "form_submit_text": _("Send"),
    })  # fmt: skip
    def ping(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        if integration := self.get_object(request, object_id):
            try:
                self.message_user(request, _g("It answered: %(answer)s") % {"answer": webhooks.ping(integration)})
            except DeliveryError as error:
                self.message_user(request, _g("It did not work: %(error)s") % {"error": error}, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": self.page("change", object_id)})

    @action(description=_("New secret"), permissions=["change"], icon="key", url_path="new-secret", dialog={
        "title": _("New secret"),
        "description": _("The receiver must learn the new one: until then it will refuse what we send."),
        "form_class": None,
        "form_submit_text": _("Make a new secret"),
    })  # fmt: skip
    def renew_secret(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        Integration.objects.filter(pk=object_id).update(secret=new_secret())
        return HttpResponse(headers={"HX-Redirect": self.page("change", object_id)})
