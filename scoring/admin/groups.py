"""Point groups."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminColorInputWidget

from contacts.admin_base import ArchivingAdmin
from scoring.models import PointGroup, Sweep


@admin.register(PointGroup)
class PointGroupAdmin(ArchivingAdmin):
    list_display = ("named", "weight", "rules", "position")
    search_fields = ("name",)
    fieldsets = [
        (None, {"fields": ["name", "description", "color", "position"]}),
        (
            _("Overall score"),
            {
                "fields": ["weight"],
                "description": _("The overall score is the sum of the groups, each times its weight."),
            },
        ),
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "color":
            kwargs["widget"] = UnfoldAdminColorInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointGroup]:
        in_use = Q(pointactions__archived_at__isnull=True, pointactions__is_active=True)
        groups: QuerySet[PointGroup] = super().get_queryset(request)
        return groups.annotate(rule_count=Count("pointactions", filter=in_use))

    @display(description=_("point group"), ordering="name")
    def named(self, group: PointGroup) -> SafeString:
        dot = '<svg width="10" height="10"><circle cx="5" cy="5" r="5" fill="{}"/></svg>'
        return format_html(f'<span class="inline-flex items-center gap-2">{dot}{{}}</span>', group.color, group.name)

    @display(description=_("active point actions"), ordering="rule_count")
    def rules(self, group: Any) -> int:
        return int(group.rule_count)

    def save_model(self, request: HttpRequest, obj: PointGroup, form: ModelForm[PointGroup], change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "weight" in form.changed_data:
            Sweep.objects.create(reason=gettext("Weight of %(group)s") % {"group": obj.name})
            self.message_user(
                request,
                gettext(
                    "Overall scores are being recomputed. Triggers they cross wait for your release among the firings."
                ),
                messages.INFO,
            )
