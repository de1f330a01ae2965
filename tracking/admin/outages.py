"""Outages: when the database was away, for how long, and what became of the hits of that time."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from contacts.admin_base import ReadOnlyAdmin
from contacts.wording import duration, to_the_second, whole
from tracking.edge.spool import waiting_bytes
from tracking.models import Outage

SHOWN = 200  # processes of one outage; a server that comes and goes all day makes thousands


@admin.register(Outage)
class OutageAdmin(ReadOnlyAdmin):
    empty_text = _(
        "No hit ever had to wait. While the database is away, what visitors do waits on disk and comes in later."
    )
    list_display = ("began", "length", "kept_hits", "loss")
    list_before_template = "tracking/admin/outages_before.html"
    ordering = ("-began_at",)
    fields = ("began", "ended", "length", "kept", "lost", "processes")
    readonly_fields = ("began", "ended", "length", "processes")

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        waiting = {"waiting": waiting_bytes(settings.SPOOL_ROOT)}
        return super().changelist_view(request, {**(extra_context or {}), **waiting})

    @display(description=_("from"), ordering="began_at")
    def began(self, outage: Outage) -> str:
        return to_the_second(outage.began_at)

    @display(description=_("until"))
    def ended(self, outage: Outage) -> str:
        return to_the_second(outage.ended_at)

    @display(description=_("length"))
    def length(self, outage: Outage) -> str:
        """From the first hit that waited to the last."""
        return duration(outage.length)

    @display(description=_("hits kept"), ordering="kept")
    def kept_hits(self, outage: Outage) -> str:
        return whole(outage.kept)

    @display(description=_("hits lost"), ordering="lost", label={"none": "success", "some": "danger"})
    def loss(self, outage: Outage) -> tuple[str, str]:
        return ("some", whole(outage.lost)) if outage.lost else ("none", "0")

    @display(description=_("what each web process kept"))
    def processes(self, outage: Outage) -> str:
        shares = list(outage.shares[: SHOWN + 1])
        rows = [
            {
                "began": to_the_second(share.began_at),
                "length": duration(share.ended_at - share.began_at),
                "kept": whole(share.kept),
                "lost": whole(share.lost),
            }
            for share in shares[:SHOWN]
        ]
        return render_to_string("tracking/admin/outage.html", {"rows": rows, "is_cut": len(shares) > SHOWN})
