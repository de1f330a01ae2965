"""API keys: the secret is shown once, right after the key was made."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from contacts.admin_base import BaremeAdmin
from tracking import apikeys
from tracking.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(BaremeAdmin):
    empty_text = _("With a key, another system sends us events and answers about consent.")
    list_display = ("name", "prefix", "is_active", "last_used_at", "created_at")
    search_fields = ("name", "prefix")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return ["name", "is_active", "prefix", "created_at", "last_used_at"] if obj else ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return ["prefix", "created_at", "last_used_at"] if obj else []

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        secret = apikeys.issue(obj)
        text = _("This is the key. Copy it now: it is kept only as a hash and cannot be shown again.")
        messages.warning(request, format_html('{} <code class="select-all">{}</code>', text, secret))
