"""Point actions: the marketer's rules, edited through their source's own form, each save a version."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from contacts.admin_archive import ArchivedFilter, ArchivingAdmin
from contacts.remarks import Remark
from contacts.told_list import told
from contacts.typed_params import TypedParamsForm
from contacts.wording import signed
from scoring import rules, sql, wording
from scoring.admin.draft_switches import DraftSwitches
from scoring.admin.drafting_rows import DraftingActions
from scoring.admin.history import HistoryPage, Stood
from scoring.admin.limits import Reasonable, RuleForm, fading_profile
from scoring.admin.standing import in_force, in_order, replaced, repriced
from scoring.models import TERMS_OF_RULE, Edit, PointAction, Publication
from scoring.sources import point_sources
from scoring.sources.base import ProfileSource
from scoring.wording import Facts, cap, expiry, facts, repeat, sentences


class PointActionForm(RuleForm, TypedParamsForm):
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
            "cap_amount",
            "cap_unit",
            "cap_period",
            "cap_per_object",
            "expires_after_days",
            "active_from",
            "active_until",
            "is_active",
        ]
        labels = {"cap_period": _("Period"), "expires_after_days": _("Expires after (days)")}
        help_texts = {
            "cap_amount": "",  # said above all of them
            "expires_after_days": _("Left empty: never. What has expired stays in the ledger and is worth nothing."),
        }


class SourceFilter(admin.SimpleListFilter):
    title = _("what earns points")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(((source.key, source.label) for source in point_sources), key=lambda pair: str(pair[1]))

    def queryset(self, request: HttpRequest, queryset: QuerySet[PointAction]) -> QuerySet[PointAction]:
        return queryset.filter(source=self.value()) if self.value() else queryset


# For the script of conditional fields. To those who may only look the form gives no values, and shows everything.
PROFILE_SOURCES = [source.key for source in point_sources if isinstance(source, ProfileSource)]
EVENT_RULE = f"typeof source === 'undefined' || !{PROFILE_SOURCES}.includes(source)"


@admin.register(PointAction)
class PointActionAdmin(DraftSwitches, DraftingActions, Reasonable, HistoryPage, ArchivingAdmin):
    empty_text = _("A point action says what is worth how many points: a download, a click, a visit. Begin with one.")
    form = PointActionForm
    list_display = ("name", "signed_points", "group", "what", "how_often", "state")
    list_filter = (ArchivedFilter, "group", SourceFilter, "is_active")
    list_select_related = ("group",)
    search_fields = ("name", "description")
    actions = ("switch_on", "switch_off", "draft_on", "draft_off", "archive", "restore")
    # Profile rules have neither; but what was filled in before the source was chosen stays in sight, with what is wrong.
    conditional_fields: ClassVar = {
        "repeat": EVENT_RULE,
        "cap_amount": f"{EVENT_RULE} || cap_amount",
        **dict.fromkeys(
            ("cap_unit", "cap_period", "cap_per_object"), "typeof cap_amount === 'undefined' || cap_amount"
        ),
        "expires_after_days": f"{EVENT_RULE} || expires_after_days",
    }
    fieldsets = [
        (None, {"fields": ["name", "description"]}),
        (_("What earns points"), {"fields": ["source", "params"]}),
        (_("How many"), {"fields": [("points", "group")]}),
        (
            _("How often, and for how long"),
            {
                "fields": [
                    "repeat",
                    ("cap_amount", "cap_unit", "cap_period", "cap_per_object"),
                    "expires_after_days",
                ],
                "description": _(
                    "A limit is for example 3 times a week, or 20 points a month; what happened first counts. A rule about "
                    "the profile holds while it is true: it has neither limit nor expiry."
                ),
            },
        ),
        (
            _("When"),
            {
                "fields": ["is_active", "active_from", "active_until"],
                "description": _(
                    "Saving puts the rule into force from now on; earlier events keep the rule they happened under. To let it "
                    "count for the past, too, add it to the draft, and publish that."
                ),
            },
        ),
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return told(super().get_changelist(request, **kwargs), sentences)

    def get_fieldsets(self, request: HttpRequest, obj: PointAction | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        said = [
            "name",
            "description",
            "what",
            "points",
            "group",
            "how_often",
            "active_from",
            "active_until",
            "is_active",
        ]
        return [(None, {"fields": said})]  # in words: nothing can be typed here

    def save_related(self, request: HttpRequest, form: ModelForm[PointAction], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self._publish(request, form.instance)

    def _publish(self, request: HttpRequest, rule: PointAction) -> None:
        version = rules.publish(rule, author=request.user)
        if version and version.number > 1:
            text = gettext("Version %(number)d is in force from now on.") % {"number": version.number}
            self.message_user(request, text, messages.INFO)
        if warning := fading_profile(rule):
            self.message_user(request, warning, messages.WARNING)

    # History

    def stood(self, row: PointAction) -> list[Stood]:
        every = row.versions.select_related("author", "group").prefetch_related("validities")
        versions = in_order(every)
        rolled_back = Edit.objects.filter(version__in=versions, publication__state=Publication.State.ROLLED_BACK)
        taken_back = set(rolled_back.values_list("version_id", flat=True))
        now = next((version.pk for version in versions if not rules.changed(row, version)), None)
        return [
            Stood(
                version.number,
                said,
                in_force(version, is_taken_back=version.pk in taken_back),
                version.author,
                version.created_at,
                is_now=version.pk == now,
                notes=[repriced(version)] if version.worth != version.points else [],
                replaced=replaced(version, versions),
            )
            for version, said in zip(versions, facts(versions), strict=True)
        ]

    def facts_now(self, row: PointAction) -> Facts:
        [said] = facts([row])
        return {key: words for key, words in said.items() if key in ("name", *TERMS_OF_RULE)}

    @transaction.atomic
    def bring_back(self, request: HttpRequest, row: PointAction, number: int) -> None:
        sql.own_rules()  # before any row of them
        version = row.versions.get(number=number)
        for name in ("name", *TERMS_OF_RULE):
            setattr(row, name, getattr(version, name))
        row.full_clean()
        row.save(update_fields=["name", *TERMS_OF_RULE])
        text = Remark(_("Version %(number)d was restored."), number=number)
        self.log_change(request, row, text)
        self.message_user(request, text, messages.SUCCESS)
        self._publish(request, row)

    # Lists

    @display(description=_("points"), ordering="points", label={"plus": "success", "minus": "danger"})
    def signed_points(self, rule: PointAction) -> tuple[str, str]:
        return ("plus" if rule.points > 0 else "minus"), signed(rule.points)

    @display(description=_("what earns points"))
    def what(self, rule: Any) -> SafeString | str:
        words = getattr(rule, "words", None) or wording.sentence(rule)
        if rule.form_id:
            address = reverse("admin:tracking_form_change", args=[rule.form_id])
            return format_html(
                '{} <a class="text-primary-600" href="{}">({})</a>', words, address, gettext("on the form")
            )
        return str(words)

    @display(description=_("how often"), ordering="repeat")
    def how_often(self, rule: PointAction) -> SafeString:
        limits = " · ".join(part for part in (cap(rule), expiry(rule)) if part)
        return format_html('{}<div class="text-xs text-base-500">{}</div>', repeat(rule), limits)

    @display(description=_("state"), label={"active": "success", "inactive": "warning", "archived": "info"})
    def state(self, rule: PointAction) -> tuple[str, Any]:
        if rule.archived_at:
            return "archived", _("Archived")
        return ("active", _("Active")) if rule.is_active else ("inactive", _("Inactive"))

    @action(description=_("Switch on, at once"), permissions=["change"], icon="play_arrow")
    def switch_on(self, request: HttpRequest, queryset: QuerySet[PointAction]) -> None:
        self._switch(request, queryset.filter(archived_at__isnull=True), active=True)

    @action(description=_("Switch off, at once"), permissions=["change"], icon="pause")
    def switch_off(self, request: HttpRequest, queryset: QuerySet[PointAction]) -> None:
        self._switch(request, queryset, active=False)

    @action(description=_("Archive, at once"), permissions=["change"], icon="archive")
    def archive(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().archive(request, queryset)

    def archiving_means(self, row: PointAction) -> str:
        return gettext("It is switched off at once, and gives no more points. Those it gave stay.")

    @transaction.atomic
    def put_away(self, request: HttpRequest, queryset: QuerySet[Any]) -> int:
        sql.own_rules()
        rows = list(queryset.filter(archived_at__isnull=True))
        for rule in rows:
            rules.archive(rule, request.user)
        self.note(request, queryset.filter(pk__in=[rule.pk for rule in rows]), Remark(_("Archived.")))
        return len(rows)

    @transaction.atomic
    def _switch(self, request: HttpRequest, queryset: QuerySet[PointAction], *, active: bool) -> None:
        sql.own_rules()
        switched = list(queryset.exclude(is_active=active))
        for rule in switched:
            rule.is_active = active
            rule.save(update_fields=["is_active"])
            rules.publish(rule, author=request.user)
        self.note(
            request,
            queryset.filter(pk__in=[rule.pk for rule in switched]),
            Remark(_("Switched on.") if active else _("Switched off.")),
        )
        self.tell(request, len(switched), ngettext_lazy("%(count)d switched.", "%(count)d switched.", "count"))
