"""Tags."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from contacts.admin_base import BaremeAdmin, CappedCount, shown_count
from contacts.models import ContactTag, Tag


@admin.register(Tag)
class TagAdmin(BaremeAdmin):
    empty_text = _("Tags are words that you put on contacts to find them again.")
    list_display = ("name", "contacts_with")
    search_fields = ("name",)

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        wearing = ContactTag.objects.filter(tag=OuterRef("pk"))
        return super().get_queryset(request).annotate(worn=CappedCount(wearing.values("pk")))  # type: ignore[no-any-return,unused-ignore]

    @display(description=_("contacts"))
    def contacts_with(self, tag: Tag) -> str:
        address = f"{reverse('admin:contacts_contact_changelist')}?tag={tag.pk}"
        return format_html('<a class="contact-link" href="{}">{}</a>', address, shown_count(tag.worn))  # type: ignore[attr-defined]
