"""The ledger: entries to read, adjustments to read and to add, scores, and re-scorings under way."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from contacts.admin_base import BaremeAdmin, ReadOnlyAdmin
from contacts.models import Contact
from contacts.numerals import number_in
from contacts.search import search
from contacts.wording import signed
from scoring.admin.offered import OfferedGroups
from scoring.models import NO_PERIOD, Adjustment, PointAction, PointActionVersion, PointEntry, SetAside, Sweep
from tracking import doorbell
from tracking.models import Subject

MAX_CHOICES = 500


class RuleFilter(admin.SimpleListFilter):
    """Lines by rule: found by its versions, for which there is an index."""

    title = _("point action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (str(pk), name) for pk, name in PointAction.objects.order_by("name").values_list("pk", "name")[:MAX_CHOICES]
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PointEntry]) -> QuerySet[PointEntry]:
        if not (action_id := number_in(self.value())):
            return queryset
        versions = PointActionVersion.objects.filter(action=action_id).values_list("pk", flat=True)
        return queryset.filter(version__in=list(versions))


@admin.register(PointEntry)
class PointEntryAdmin(ReadOnlyAdmin):
    empty_text = _("No points were earned yet. Each line will say who earned them, for what and when.")
    list_display = ("contact", "rule", "about", "within", "hits", "credited", "earned", "last_at")
    list_display_links = None  # a line has nothing to show that the list does not, and no index by its number
    list_select_related = ("contact", "version")
    list_filter = (RuleFilter, ("period", admin.DateFieldListFilter))
    search_fields = ("contact__email",)  # see get_search_results
    search_help_text = _("Name, email, phone or company")
    # Along the one index that every month has.
    ordering = ("-contact_id", "-action_id", "-object_id", "-period", "-version_id")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointEntry]:
        name = Subject.objects.filter(pk=OuterRef("object_id")).values("name")[:1]
        entries: QuerySet[PointEntry] = super().get_queryset(request)
        return entries.annotate(object_name=Subquery(name))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        """A line has no page: looked for by its number, it would be looked for in every month."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PointEntry], search_term: str
    ) -> tuple[QuerySet[PointEntry], bool]:
        return queryset.filter(contact__in=search(Contact.objects.order_by(), search_term)), False

    @display(description=_("version"), ordering="version")
    def rule(self, entry: PointEntry) -> SafeString:
        address = reverse("admin:scoring_pointaction_history", args=[entry.action_id])
        number = entry.version.number
        return format_html(
            '<a class="text-primary-600" href="{}#v{}" title="{}">{}</a>',
            address,
            number,
            _g("its history"),
            entry.version,
        )

    @display(description=_("on"))
    def about(self, entry: Any) -> str | None:
        return entry.object_name or None

    @display(description=_("period"), ordering="period")
    def within(self, entry: PointEntry) -> date | None:
        return None if entry.period == NO_PERIOD else entry.period

    @display(description=_("points"))
    def earned(self, entry: PointEntry) -> str:
        return signed(entry.points)


class AdjustmentForm(OfferedGroups, ModelForm):
    class Meta:
        model = Adjustment
        fields = ["contact", "group", "points", "note"]
        help_texts = {
            "points": _("A negative number takes points. Triggers fire as for any other points."),
        }


class AsideFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "aside"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Set aside"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Adjustment]) -> QuerySet[Adjustment]:
        return queryset.filter(applied_at__isnull=True, pk__in=ASIDE.values("ref_id")) if self.value() else queryset


ASIDE = SetAside.objects.filter(work=SetAside.Work.ADJUSTMENT)


@admin.register(Adjustment)
class AdjustmentAdmin(BaremeAdmin):
    """Append-only: an adjustment is made once and never edited; a mistake is put right by another one."""

    empty_text = _("No points were given or taken by hand yet.")
    form = AdjustmentForm
    list_display = ("contact", "signed_points", "group", "origin", "note", "author", "at", "state")
    list_select_related = ("contact", "group", "author")
    list_filter = (AsideFilter, "origin", "group")
    search_fields = ("contact__email__istartswith", "note")
    autocomplete_fields = ("contact",)
    readonly_fields = ("signed_points",)

    def get_fields(self, request: HttpRequest, obj: Adjustment | None = None) -> tuple[str, ...]:
        return ("contact", "group", "signed_points" if obj else "points", "note")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Adjustment]:
        adjustments: QuerySet[Adjustment] = super().get_queryset(request)
        return adjustments.annotate(aside=Subquery(ASIDE.filter(ref_id=OuterRef("pk")).values("pk")[:1]))

    @display(description=_("points"), ordering="points")
    def signed_points(self, adjustment: Adjustment) -> str:
        return signed(adjustment.points)

    @display(description=_("state"))
    def state(self, adjustment: Any) -> str | SafeString:
        if adjustment.applied_at:
            return _g("In the score")
        if adjustment.aside is None:
            return _g("On its way")
        page = reverse("admin:scoring_setaside_change", args=[adjustment.aside])
        return format_html('<a class="text-red-700 font-semibold" href="{}">{}</a>', page, _g("Set aside: see why"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Adjustment, form: ModelForm[Adjustment], change: bool) -> None:
        obj.author = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
        doorbell.ring()

    def response_add(self, request: HttpRequest, obj: Adjustment, post_url_continue: str | None = None) -> HttpResponse:
        if "_addanother" in request.POST:
            another: HttpResponse = super().response_add(request, obj, post_url_continue)
            return another
        self.message_user(request, _("Noted. The score follows in a moment."))
        return HttpResponseRedirect(obj.contact.get_absolute_url())


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    empty_text = _("No scores had to be made anew yet.")
    list_display = ("reason", "seen", "total", "created_at", "finished_at")
