"""Point groups and the bounds of the overall score: how the lines of the ledger are read as scores, each change a version."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminIntegerFieldWidget

from contacts.admin_archive import ArchivingAdmin
from contacts.admin_base import BaremeAdmin, guarded
from contacts.numerals import number_in
from contacts.remarks import Remark
from contacts.wording import number, quoted
from scoring import terms, wording
from scoring.admin.drafting_rows import DraftingBounds, DraftingTerms
from scoring.admin.history import HistoryPage, Stood
from scoring.admin.limits import Reasonable, profile_rules
from scoring.decay import cents, faded
from scoring.models import BEGINNING, END, TERMS, CapPeriod, OverallScore, PointGroup, TermsVersion
from scoring.wording import Facts, facts_of_terms

NAMED = 5  # rules that a warning names
HALF_LIVES = 4  # that the curve shows


class HalfLifeWidget(UnfoldAdminIntegerFieldWidget):  # type: ignore[misc,unused-ignore]
    """The number of days, and below it what ten points are worth as they pass."""

    class Media:
        js = ("scoring/half_life.js",)
        css: ClassVar = {"all": ["scoring/history.css"]}

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field: SafeString = super().render(name, value, attrs, renderer)
        return field + render_to_string(
            "scoring/half_life.html",
            {"days": number_in(value) or None, "sentence": _sentence(), "path": PATH, "dots": _dots()},
        )


class TermsAdmin(Reasonable, HistoryPage):
    """Mixin of the two pages: terms are put into force by `scoring.terms`, never by a bare save."""

    def facts_now(self, row: Any) -> Facts:
        return facts_of_terms(row)

    def stood(self, row: Any) -> list[Stood]:
        versions = self.versions(row).select_related("author").order_by("-number")
        return [
            Stood(
                version.number,
                facts_of_terms(version),
                wording.in_force(version.known_from if version.number > 1 else BEGINNING, version.known_until),
                version.author,
                version.known_from if version.author_id else None,
                is_now=version.known_until == END,
            )
            for version in versions
        ]

    def versions(self, row: Any) -> QuerySet[TermsVersion]:
        raise NotImplementedError

    def _publish(self, request: HttpRequest, row: Any, changed: dict[str, Any]) -> None:
        raise NotImplementedError

    def bring_back(self, request: HttpRequest, row: Any, number: int) -> None:
        version = self.versions(row).get(number=number)
        text = Remark(_("Version %(number)d was restored."), number=number)
        self.log_change(request, row, text)  # type: ignore[attr-defined]
        self.message_user(request, text, messages.SUCCESS)  # type: ignore[attr-defined]
        names = [name for name in TERMS if hasattr(row, name)]
        self._publish(request, row, {name: getattr(version, name) for name in names})

    def tell_recomputed(self, request: HttpRequest) -> None:
        text = gettext("Scores are being recomputed. Triggers they cross wait for your release among the firings.")
        if request.user.has_perm("scoring.view_sweep"):
            address = reverse("admin:scoring_sweep_changelist")
            text = format_html('{} <a class="underline" href="{}">{}</a>', text, address, gettext("How far it is"))
        self.message_user(request, text, messages.INFO)  # type: ignore[attr-defined]


@admin.register(PointGroup)
class PointGroupAdmin(DraftingTerms, TermsAdmin, ArchivingAdmin):
    empty_text = _("A point group is a score of its own, such as engagement or fit. Begin with one.")
    list_display = ("named", "weight", "in_words", "rules", "position")
    search_fields = ("name",)
    actions_list = ("overall",)
    conditional_fields: ClassVar = {"cap_period": "typeof cap_points === 'undefined' || cap_points"}
    fieldsets = [
        (None, {"fields": ["name", "description", "color", "position"]}),
        (
            _("Overall score"),
            {
                "fields": ["weight"],
                "description": _("The overall score is the sum of the groups, each times its weight."),
            },
        ),
        (
            _("Fading"),
            {
                "fields": ["half_life_days"],
                "description": _(
                    "With a half-life, points of long ago count less than those of today. What a contact is does not fade: "
                    "keep rules about the profile in a group without one."
                ),
            },
        ),
        (
            _("Bounds"),
            {
                "fields": [("floor", "ceiling"), ("cap_points", "cap_period")],
                "description": _(
                    "The score is shown within its bounds. A limit is for what events bring, whichever rule gives it: the "
                    "earliest points count, and what is cut stays in the ledger."
                ),
            },
        ),
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        widgets = {"color": UnfoldAdminColorInputWidget, "half_life_days": HalfLifeWidget}
        if db_field.name == "cap_points":
            kwargs |= {"label": _("Points at most"), "help_text": ""}  # said above
        if widget := widgets.get(db_field.name):
            kwargs["widget"] = widget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointGroup]:
        in_use = Q(pointactions__archived_at__isnull=True, pointactions__is_active=True)
        groups: QuerySet[PointGroup] = super().get_queryset(request)
        return groups.annotate(rule_count=Count("pointactions", filter=in_use))

    @display(description=_("point group"), ordering="name")
    def named(self, group: PointGroup) -> SafeString:
        dot = '<svg width="10" height="10"><circle cx="5" cy="5" r="5" fill="{}"/></svg>'
        return format_html(f'<span class="inline-flex items-center gap-2">{dot}{{}}</span>', group.color, group.name)

    @display(description=_("terms"))
    def in_words(self, group: PointGroup) -> str | None:
        return wording.terms(group) or None

    @display(description=_("active point actions"), ordering="rule_count")
    def rules(self, group: Any) -> int:
        return int(group.rule_count)

    @action(
        description=_("Bounds of the overall score"),
        icon="vertical_align_center",
        url_path="overall",
        permissions=["view"],
    )
    def overall(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:scoring_overallscore_changelist"))

    def archiving_means(self, row: PointGroup) -> str:
        count = row.pointactions.filter(archived_at__isnull=True, is_active=True).count()
        rules = ngettext(
            "%(count)d active rule in it goes on giving points, and they count in the overall score: archive it first if it "
            "should not.",
            "%(count)d active rules in it go on giving points, and they count in the overall score: archive them first if "
            "they should not.",
            count,
        ) % {"count": count}
        return f"{rules} {super().archiving_means(row)}" if count else super().archiving_means(row)

    def save_model(self, request: HttpRequest, obj: PointGroup, form: ModelForm[PointGroup], change: bool) -> None:
        obj.cap_period = obj.cap_period or CapPeriod.MONTH
        if not change:  # nobody has points in it yet
            super().save_model(request, obj, form, change)
            terms.begin(obj, request.user)
            return
        wanted = {name: getattr(obj, name) for name in TERMS}
        obj.save(update_fields=["name", "description", "color", "position"])
        self._publish(request, obj, wanted)

    def _publish(self, request: HttpRequest, row: PointGroup, changed: dict[str, Any]) -> None:
        if terms.publish(row, changed, request.user) is None:
            return
        self.tell_recomputed(request)
        if row.half_life_days and (about := profile_rules(row)):
            named = [quoted(rule) for rule in about[:NAMED]] + (["…"] if len(about) > NAMED else [])
            text = gettext(
                "%(rules)s: what a contact is fades here, too, from the day it became true. Put it into a group without a "
                "half-life."
            )
            self.message_user(request, text % {"rules": get_text_list(named, gettext("and"))}, messages.WARNING)

    def versions(self, row: PointGroup) -> QuerySet[TermsVersion]:
        return TermsVersion.objects.filter(group=row)


@admin.register(OverallScore)
class OverallScoreAdmin(DraftingBounds, TermsAdmin, BaremeAdmin):
    """One row: nobody adds or deletes it, and the list leads to it."""

    fieldsets = [
        (
            None,
            {
                "fields": [("floor", "ceiling")],
                "description": _("The overall score is the weighted sum of the groups, kept within these bounds."),
            },
        )
    ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @guarded("view")
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(self.page("change", OverallScore.get().pk))

    def save_model(self, request: HttpRequest, obj: OverallScore, form: ModelForm[OverallScore], change: bool) -> None:
        self._publish(request, obj, {"floor": obj.floor, "ceiling": obj.ceiling})

    def _publish(self, request: HttpRequest, row: OverallScore, changed: dict[str, Any]) -> None:
        if terms.publish_overall(changed["floor"], changed["ceiling"], request.user) is not None:
            self.tell_recomputed(request)

    def versions(self, row: OverallScore) -> QuerySet[TermsVersion]:
        return TermsVersion.objects.filter(group=None)


def _height(age: float) -> float:
    """Where ten points stand in the picture after so many half-lives."""
    return 74 - 60 * math.pow(2, -age)


PATH = "M" + " ".join(f"{10 + 75 * age / 8:.1f},{_height(age / 8):.1f}" for age in range(HALF_LIVES * 8 + 1))


def _dots() -> list[tuple[int, str, str, str]]:
    return [
        (age, f"{10 + 75 * age}", f"{_height(age):.1f}", number(cents(faded(10, age, 1))))
        for age in range(HALF_LIVES + 1)
    ]


def _sentence() -> str:
    return wording.fading("{1}", "{2}", "{3}")
