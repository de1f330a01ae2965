"""Sent messages, exactly as they left."""

from __future__ import annotations

import re
from typing import ClassVar

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.admin import previews
from campaigns.models import Message
from contacts.admin_base import ReadOnlyAdmin, guarded

ORDER = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID")  # PostgreSQL keeps no order in JSON
PIXEL = re.compile(r'<img src="[^"]*/t/o/[^"]*"[^>]*>')


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    empty_text = _("No message was sent yet.")
    list_display = ("recipient", "shown_title", "channel", "contact", "sent_at")
    list_filter = ("channel",)
    list_select_related = ("contact",)
    search_fields = ("recipient__startswith", "title")
    fieldsets: ClassVar = [
        (None, {"fields": [("recipient", "channel"), ("contact", "sent_at"), "made_by"]}),
        (_("As it was sent"), {"fields": ["as_sent"]}),
    ]
    readonly_fields = ("as_sent", "made_by")

    class Media:
        css = {"all": ["campaigns/campaigns.css"]}

    @display(description=_("subject"), ordering="title")
    def shown_title(self, message: Message) -> str:
        return str(message)

    @display(description=_("delivery"))
    def made_by(self, message: Message) -> str:
        if message.delivery_id is None:
            return "–"
        address = reverse("admin:campaigns_delivery_change", args=[message.delivery_id])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', address, message.delivery)

    @display(description="")
    def as_sent(self, message: Message) -> str:
        rank = {name: number for number, name in enumerate(ORDER)}
        headers = sorted(message.headers.items(), key=lambda pair: rank.get(pair[0], len(rank)))
        context = {"message": message, "headers": headers, "html_url": self.page("html", message.pk)}
        return render_to_string("campaigns/as_sent.html", context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.html)
        return [path("<int:pk>/html/", view, name="campaigns_message_html"), *super().get_urls()]

    @guarded("view")
    def html(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML for the frame. Without its pixel and with dead links: a colleague who looks is not the contact."""
        message = Message.objects.filter(pk=pk).first()
        if message is None:
            raise Http404
        return previews.frame(PIXEL.sub("", message.html))
