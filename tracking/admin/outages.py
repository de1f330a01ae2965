"""Outages: when the database was away, and what became of the hits of that time."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from contacts.admin_base import ReadOnlyAdmin
from tracking.models import Outage


@admin.register(Outage)
class OutageAdmin(ReadOnlyAdmin):
    empty_text = _("The database was never away. When it is, what visitors do waits on disk and comes in later.")
    list_display = ("began_at", "ended_at", "kept", "loss")
    ordering = ("-began_at",)
    fields = ("began_at", "ended_at", "kept", "lost")

    @display(description=_("hits lost"), ordering="lost", label={"none": "success", "some": "danger"})
    def loss(self, outage: Outage) -> tuple[str, str]:
        return ("some", str(outage.lost)) if outage.lost else ("none", "0")
