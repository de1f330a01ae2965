"""The funnel."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminColorInputWidget

from contacts.admin import badges
from contacts.admin_base import BaremeAdmin, CappedCount, shown_count
from contacts.models import Contact, Stage


@admin.register(Stage)
class StageAdmin(BaremeAdmin):
    empty_text = _("Stages are the steps on the way from stranger to customer.")
    list_display = ("badge", "position", "description", "contacts_at")
    search_fields = ("name",)
    fields = (("name", "color"), "description", "position")

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stage]:
        contacts = Contact.objects.order_by().filter(stage=OuterRef("pk"), merged_into__isnull=True)
        return super().get_queryset(request).annotate(held=CappedCount(contacts.values("pk")))  # type: ignore[no-any-return,unused-ignore]

    def formfield_for_dbfield(self, db_field, request, **kwargs):  # type: ignore[no-untyped-def]
        if db_field.name == "color":
            kwargs["widget"] = UnfoldAdminColorInputWidget()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("stage"), ordering="name")
    def badge(self, stage: Stage) -> str:
        return badges.stage(stage)

    @display(description=_("contacts"))
    def contacts_at(self, stage: Stage) -> str:
        address = f"{reverse('admin:contacts_contact_changelist')}?stage={stage.pk}"
        return format_html('<a class="contact-link" href="{}">{}</a>', address, shown_count(stage.held))  # type: ignore[attr-defined]
