"""Segments: conditions with a live count, members with the reason they are in, and what was decided by hand."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from contacts import builder, conditions, segments
from contacts.admin import members
from contacts.admin_archive import ArchivedFilter, ArchivingAdmin
from contacts.admin_base import CappedCount, guarded, shown_count
from contacts.conditions import ConditionsField
from contacts.holding import held
from contacts.models import Membership, Merge, Segment
from contacts.wording import labelled

MAX_BODY = 200_000


class SegmentForm(forms.ModelForm):
    description = forms.CharField(
        label=_("Description"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )
    conditions = ConditionsField(label=_("Conditions"))

    class Meta:
        model = Segment
        fields = ("name", "description", "is_dynamic", "conditions")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("is_dynamic") and "conditions" in cleaned:
            name = cleaned.get("name", "")
            try:
                segments.check(
                    Segment(pk=self.instance.pk, name=name, is_dynamic=True, conditions=cleaned["conditions"])
                )
            except ValidationError as error:
                self.add_error("conditions", error)
        return cleaned


@admin.register(Segment)
class SegmentAdmin(ArchivingAdmin):
    empty_text = _("A segment is a list of contacts: whoever meets its conditions, or whom you put in.")
    form = SegmentForm
    list_display = ("name", "kind", "in_words", "members_in", "rebuilt_at")
    list_filter = (ArchivedFilter, "is_dynamic")
    search_fields = ("name",)
    fieldsets: ClassVar = [(None, {"fields": [("name", "is_dynamic"), "description", "conditions"]})]
    conditional_fields: ClassVar = {"conditions": "is_dynamic == true"}
    actions: ClassVar = ["rebuild_chosen", "archive", "restore"]
    actions_detail = ("members_page", "rebuild_now", "archive_this", "restore_this")

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        gone = Merge.objects.filter(undone_at=None).values("loser")  # they keep their place for the day it is undone
        members = Membership.objects.filter(segment=OuterRef("pk"), is_member=True).exclude(contact__in=gone)
        return super().get_queryset(request).annotate(held=CappedCount(members.values("pk")))  # type: ignore[no-any-return,unused-ignore]

    @display(description=_("kind"), label={"dynamic": "info", "fixed": "default"})
    def kind(self, segment: Segment) -> tuple[str, Any]:
        return ("dynamic", _("dynamic")) if segment.is_dynamic else ("fixed", _("fixed"))

    @display(description=_("who"))
    def in_words(self, segment: Segment) -> str:
        words = conditions.describe(segment.conditions) if segment.is_dynamic else segment.description
        return words if len(words) <= 120 else words[:119] + "…"

    @display(description=_("members"))
    def members_in(self, segment: Segment) -> str:
        address = self.page("members", segment.pk)
        return format_html('<a class="contact-link" href="{}">{}</a>', address, shown_count(segment.held))  # type: ignore[attr-defined]

    # Pages of its own

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("conditions/spec/", view(self.spec), name="contacts_segment_spec"),
            path("conditions/count/", view(require_POST(self.count)), name="contacts_segment_count"),
            path("<int:pk>/members/", view(self.members), name="contacts_segment_members"),
            *super().get_urls(),
        ]

    def spec(self, request: HttpRequest) -> HttpResponse:
        """What the condition builder offers: used by every form that has one."""
        _may_count(request)
        return JsonResponse(builder.Spec(profile_only=bool(request.GET.get("profile_only"))).data())

    def count(self, request: HttpRequest) -> HttpResponse:
        """How many contacts the posted tree means."""
        _may_count(request)
        try:
            tree = json.loads(request.body[: MAX_BODY + 1] if len(request.body) <= MAX_BODY else b"")
        except (ValueError, RecursionError):
            return JsonResponse({"errors": [_g("These conditions cannot be read.")]}, status=400)
        return JsonResponse(builder.count(tree, profile_only=bool(request.GET.get("profile_only"))))

    @guarded("view")
    def members(self, request: HttpRequest, pk: int) -> HttpResponse:
        segment = self.get_object(request, str(pk))
        if segment is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))  # type: ignore[no-any-return,unused-ignore]
        may_change = self.has_change_permission(request, segment)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            members.decide(self, request, segment)
            return HttpResponseRedirect(request.get_full_path())
        context = self.admin_site.each_context(request) | members.context(self, request, segment) | {
            "title": segment.name,
            "opts": self.opts,
            "original": segment,
            "may_change": may_change,
        }  # fmt: skip
        return TemplateResponse(request, "contacts/members.html", context)

    @action(description=_("Members"), icon="groups", permissions=["view"], url_path="see-members")
    def members_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(self.page("members", object_id))

    # Rebuilding

    def save_model(self, request: HttpRequest, obj: Segment, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_dynamic and (not change or {"is_dynamic", "conditions"} & set(form.changed_data)):
            with held():
                self._tell(request, segments.rebuild_with_dependents(obj))

    @action(description=_("Rebuild now"), permissions=["change"], icon="refresh", dialog={
        "title": _("Rebuild now"),
        "description": _("Lets in whom the conditions mean, and lets go whom they no longer do. What was decided by hand stays."),
        "form_class": None,
        "form_submit_text": _("Rebuild now"),
    })  # fmt: skip
    def rebuild_now(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        if segment := self.get_object(request, object_id):
            self._tell(request, segments.rebuild_with_dependents(segment))
        return HttpResponse(headers={"HX-Redirect": self.page("change", object_id)})

    @action(description=_("Rebuild now"), permissions=["change"])
    def rebuild_chosen(self, request: HttpRequest, queryset: QuerySet[Segment]) -> None:
        for segment in queryset:
            self._tell(request, segments.rebuild_with_dependents(segment), segment.name)

    def _tell(self, request: HttpRequest, done: segments.Rebuilt, name: str = "") -> None:
        sentence = _("%(entered)d entered, %(left)d left.") % {"entered": done.entered, "left": done.left}
        self.message_user(request, labelled(name, sentence) if name else sentence)


def _may_count(request: HttpRequest) -> None:
    if not request.user.has_perm("contacts.view_contact"):
        raise PermissionDenied
