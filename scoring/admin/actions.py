"""Point actions: the marketer's rules, edited through their source's own form, each save a version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from contacts.admin_base import ArchivedFilter, ArchivingAdmin, ReadOnlyInline
from contacts.typed_params import TypedParamsForm
from scoring import rules
from scoring.models import END, PointAction, PointActionVersion
from scoring.sources import point_sources
from scoring.wording import sentence, sentences


class PointActionForm(TypedParamsForm):
    type_field = "source"
    registry = point_sources

    class Meta:
        model = PointAction
        fields = [
            "name",
            "description",
            "group",
            "points",
            "source",
            "params",
            "repeat",
            "active_from",
            "active_until",
            "is_active",
        ]


class VersionInline(ReadOnlyInline):
    model = PointActionVersion
    verbose_name_plural = _("versions")
    fields = ["number", "points", "what", "group", "repeat", "from_when", "to_when", "author"]
    readonly_fields = ["what", "from_when", "to_when"]
    ordering = ["-number"]

    @display(description=_("what earns points"))
    def what(self, version: PointActionVersion) -> str:
        return sentence(version)

    @display(description=_("in force from"))
    def from_when(self, version: PointActionVersion) -> str:
        return date_format(localtime(version.valid_from), "SHORT_DATETIME_FORMAT")

    @display(description=_("until"))
    def to_when(self, version: PointActionVersion) -> str:
        if version.valid_until == END:
            return gettext("now")
        return date_format(localtime(version.valid_until), "SHORT_DATETIME_FORMAT")


class SourceFilter(admin.SimpleListFilter):
    title = _("what earns points")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(((source.key, source.label) for source in point_sources), key=lambda pair: str(pair[1]))

    def queryset(self, request: HttpRequest, queryset: QuerySet[PointAction]) -> QuerySet[PointAction]:
        return queryset.filter(source=self.value()) if self.value() else queryset


def in_words(changelist: type[ChangeList]) -> type[ChangeList]:
    """A list page that writes the rule into words for all its rows at once, as `row.words`."""

    class InWords(changelist):  # type: ignore[valid-type,misc]
        result_list: Any

        def get_results(self, request: HttpRequest) -> None:
            super().get_results(request)
            self.result_list = list(self.result_list)
            for rule, words in zip(self.result_list, sentences(self.result_list), strict=True):
                rule.words = words

    return InWords


@admin.register(PointAction)
class PointActionAdmin(ArchivingAdmin):
    form = PointActionForm
    list_display = ("name", "signed_points", "group", "what", "repeat", "state")
    list_filter = (ArchivedFilter, "group", SourceFilter, "is_active")
    list_select_related = ("group",)
    search_fields = ("name", "description")
    inlines = (VersionInline,)
    actions = ("switch_on", "switch_off", "archive", "restore")
    fieldsets = [
        (None, {"fields": ["name", "description"]}),
        (_("What earns points"), {"fields": ["source", "params"]}),
        (_("How many"), {"fields": [("points", "group"), "repeat"]}),
        (
            _("When"),
            {
                "fields": ["is_active", "active_from", "active_until"],
                "description": _(
                    "Saving puts the rule into force from now on; earlier events keep the rule they happened under."
                ),
            },
        ),
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return in_words(super().get_changelist(request, **kwargs))

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj else ()

    def save_related(self, request: HttpRequest, form: ModelForm[PointAction], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self._publish(request, form.instance)

    def _publish(self, request: HttpRequest, rule: PointAction) -> None:
        version = rules.publish(rule, author=request.user)
        if version and version.number > 1:
            text = gettext("Version %(number)d is in force from now on.") % {"number": version.number}
            self.message_user(request, text, messages.INFO)

    @display(description=_("points"), ordering="points", label={"plus": "success", "minus": "danger"})
    def signed_points(self, rule: PointAction) -> tuple[str, str]:
        return ("plus" if rule.points > 0 else "minus"), f"{rule.points:+d}"

    @display(description=_("what earns points"))
    def what(self, rule: Any) -> SafeString | str:
        if rule.form_id:
            address = reverse("admin:tracking_form_change", args=[rule.form_id])
            return format_html(
                '{} <a class="text-primary-600" href="{}">({})</a>', rule.words, address, gettext("on the form")
            )
        return str(rule.words)

    @display(description=_("state"), label={"active": "success", "inactive": "warning", "archived": "info"})
    def state(self, rule: PointAction) -> tuple[str, Any]:
        if rule.archived_at:
            return "archived", _("Archived")
        return ("active", _("Active")) if rule.is_active else ("inactive", _("Inactive"))

    @action(description=_("Switch on"), permissions=["change"], icon="play_arrow")
    def switch_on(self, request: HttpRequest, queryset: QuerySet[PointAction]) -> None:
        self._switch(request, queryset.filter(archived_at__isnull=True), active=True)

    @action(description=_("Switch off"), permissions=["change"], icon="pause")
    def switch_off(self, request: HttpRequest, queryset: QuerySet[PointAction]) -> None:
        self._switch(request, queryset, active=False)

    @action(description=_("Archive"), permissions=["change"], icon="archive")
    def archive(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        rows = list(queryset.filter(archived_at__isnull=True))
        for rule in rows:
            rules.archive(rule, request.user)
        self.note(request, queryset.filter(pk__in=[rule.pk for rule in rows]), gettext("Archived."))
        self.tell(request, len(rows), ngettext_lazy("%(count)d archived.", "%(count)d archived.", "count"))

    def _switch(self, request: HttpRequest, queryset: QuerySet[PointAction], *, active: bool) -> None:
        switched = list(queryset.exclude(is_active=active))
        for rule in switched:
            rule.is_active = active
            rule.save(update_fields=["is_active"])
            rules.publish(rule, author=request.user)
        self.note(
            request,
            queryset.filter(pk__in=[rule.pk for rule in switched]),
            gettext("Switched on.") if active else gettext("Switched off."),
        )
        self.tell(request, len(switched), ngettext_lazy("%(count)d switched.", "%(count)d switched.", "count"))
