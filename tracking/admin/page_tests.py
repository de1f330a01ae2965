"""Tests of landing pages: the variants, their shares, what came of them so far, and what one may conclude."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from contacts.admin_base import BaremeAdmin, TabularInline, by_post, guarded, post_button
from contacts.remarks import Remark
from tracking import addresses, experiments, odds, statistics
from tracking.admin.mistakes import TellsMistakes
from tracking.admin.sections import SectionsField
from tracking.experiments import NotPossible
from tracking.models import LandingPage, PageTest, PageVariant
from tracking.statistics import percent

STARTED = _("From now on visitors see the variants. They cannot be changed any more.")


class VariantForm(forms.ModelForm):
    sections = SectionsField(label="", required=False)

    class Meta:
        model = PageVariant
        fields = ["sections"]

    def clean_sections(self) -> Any:
        if self["sections"].data is None:
            return self.instance.sections
        return self.cleaned_data["sections"]


class PageTestForm(forms.ModelForm):
    def clean_page(self) -> LandingPage:
        page: LandingPage = self.cleaned_data["page"]
        if page.tests.filter(ended_at=None).exists():
            raise ValidationError(_("A test of this page is drafted or running already. End or delete it first."))
        return page


class VariantInline(TabularInline):  # type: ignore[misc,unused-ignore]
    model = PageVariant
    fields = ("letter", "weight", "edit")
    readonly_fields = ("letter", "edit")
    extra = max_num = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PageTest | None = None) -> bool:
        return obj is None or obj.started_at is None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    @display(description=_("sections"))
    def edit(self, variant: PageVariant) -> SafeString:
        edit = reverse("admin:tracking_pagevariant_change", args=[variant.pk])
        look = f"{addresses.landing_path(variant.test.page)}?preview=1&variant={variant.pk}"
        words = _("Change its sections") if variant.test.started_at is None else _("Sections")
        link = '<a class="bareme-more" href="{}">{}</a> · <a class="bareme-more" href="{}" target="_blank">{}</a>'
        return format_html(link, edit, words, look, _("Preview"))


@admin.register(PageTest)
class PageTestAdmin(BaremeAdmin):
    empty_text = _(
        "A test (A/B) shows which variant of a landing page more visitors answer. Choose a page, change its variant B, "
        "then start the test."
    )
    add_text = _("Test a page")
    form = PageTestForm
    list_display = ("name", "page", "state")
    list_select_related = ("page",)
    search_fields = ("name", "page__title")
    autocomplete_fields = ("page",)
    inlines: ClassVar = [VariantInline]
    actions_detail = ("add_variant", "start")

    class Media:
        css: ClassVar = {"all": ["tracking/admin.css", "tracking/statistics.css"]}

    def get_fieldsets(self, request: HttpRequest, obj: PageTest | None = None) -> Any:
        if obj:
            return ((None, {"fields": ("name", "page", "standing", "results")}),)
        said = _("A draft is made: variant A is the page as it is, B a copy to change. Visitors notice nothing yet.")
        return ((None, {"fields": ("page", "name"), "description": said}),)

    def get_readonly_fields(self, request: HttpRequest, obj: PageTest | None = None) -> Any:
        return ("page", "standing", "results") if obj else ()

    def get_inlines(self, request: HttpRequest, obj: PageTest | None) -> Any:
        return super().get_inlines(request, obj) if obj else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("tracking.change_landingpage"))  # as the button on the page asks

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        shown = {"title": self.add_text, "show_save_and_add_another": False, "show_save": False}
        return super().add_view(request, form_url, {**shown, **(extra_context or {})})

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: PageTest, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            experiments.begin_with(obj)

    def response_add(self, request: HttpRequest, obj: PageTest, post_url_continue: Any = None) -> HttpResponse:
        self.message_user(request, _g("Now change variant B below, then start the test."))
        return HttpResponseRedirect(self.page("change", obj.pk))

    def has_delete_permission(self, request: HttpRequest, obj: PageTest | None = None) -> bool:
        return bool(obj is not None and obj.started_at is None and super().has_delete_permission(request, obj))

    def get_urls(self) -> list[URLPattern]:
        stop = self.admin_site.admin_view(require_POST(self.stop))
        return [path("<int:object_id>/stop/", stop, name="tracking_pagetest_stop"), *super().get_urls()]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """No button for what would be refused; `standing` says why."""
        test = self.get_object(request, str(object_id))
        refused = set()
        if test is not None and not experiments.takes_more(test):
            refused.add("add_variant")
        if test is not None and experiments.obstacle(test):
            refused.add("start")
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [one for one in found if one.method.original_function_name not in refused]

    @action(
        description=_("Add a variant"),
        icon="add",
        permissions=["change"],
        url_path="add-variant",
        attrs=post_button("add-variant"),
    )
    @by_post
    def add_variant(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._do(
            request, object_id, lambda test: experiments.add_variant(test), _g("There is one variant more.")
        )

    @action(description=_("Start the test"), icon="play_arrow", permissions=["change"], url_path="start")
    def start(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """By a post: there is no way back, so no link that somebody is led to may do it."""
        test = self.get_object(request, object_id)
        if test is None:
            return HttpResponseRedirect(self.page("changelist"))
        form = BaseDialogForm(data=request.POST or None, request=request, object_id=object_id)
        if not form.is_valid():
            means = [str(STARTED), _nothing_to_learn(test)]
            dialog = {"title": _g("Start the test"), "description": " ".join(filter(None, means))}
            context = {"dialog": dialog, "form": form, "form_submit_text": _g("Start the test")}
            return render(request, "unfold/helpers/dialog.html", context)
        done = self._do(request, object_id, experiments.start, Remark(STARTED))
        return HttpResponse(headers={"HX-Redirect": done["Location"]})

    start.dialog = True  # its button opens what the view answers

    @guarded("change")
    def stop(self, request: HttpRequest, object_id: int) -> HttpResponse:
        letter = request.POST.get("keep", "")
        said = Remark(
            _("The test has ended. From now on the page looks like variant %(letter)s for everybody."), letter=letter
        )
        return self._do(request, object_id, lambda test: experiments.stop(test, letter), said)

    def _do(self, request: HttpRequest, object_id: int | str, what: Any, said: str) -> HttpResponse:
        test = self.get_object(request, str(object_id))
        if test is None:
            return HttpResponseRedirect(self.page("changelist"))
        try:
            what(test)
        except NotPossible as reason:
            self.message_user(request, str(reason), "error")
        else:
            self.log_change(request, test, said)
            self.message_user(request, said)
        return HttpResponseRedirect(self.page("change", object_id))

    @display(description=_("state"), label={"draft": "info", "running": "success", "ended": "warning"})
    def state(self, test: PageTest) -> tuple[str, Any]:
        if test.is_running:
            return "running", _("Running")
        return ("ended", _("Ended")) if test.ended_at else ("draft", _("Draft"))

    @display(description=_("state"))
    def standing(self, test: PageTest) -> str:
        """In a sentence, with the reason where a button is missing."""
        if test.started_at is None:
            reason = experiments.obstacle(test)
            told = [_g("A draft: visitors see the page as it is."), reason, _nothing_to_learn(test)]
            return " ".join(filter(None, told))
        if test.ended_at is None:
            said = _g(
                "Running (since %(day)s). Its variants stay as they are until it ends: stop it below, keeping one."
            )
            return said % {"day": date_format(localtime(test.started_at), "DATETIME_FORMAT")}
        said = _g("It ended on %(day)s; variant %(letter)s was kept.")
        return said % {"day": date_format(localtime(test.ended_at), "DATETIME_FORMAT"), "letter": test.kept}

    @display(description=_("results"))
    def results(self, test: PageTest) -> SafeString | str:
        if not test.started_at:
            return _g("Nothing yet: the test has not begun.")
        found = statistics.tallies(test)
        counts = [tally for _variant, tally in found]
        shares = odds.chances(counts)
        winner = odds.winner(counts)
        rows = []
        for (variant, tally), share in zip(found, shares, strict=True):
            low, high = odds.wilson(tally)
            rate = "–" if tally.rate is None else f"{percent(tally.rate)} ({percent(low)} – {percent(high)})"
            rows.append((variant.letter, tally.visitors, tally.converted, rate, percent(share, 0)))
        context = {"test": test, "rows": rows, "winner": found[winner][0].letter if winner is not None else ""}
        return render_to_string("tracking/admin/page_test.html", context)


@admin.register(PageVariant)
class PageVariantAdmin(TellsMistakes, BaremeAdmin):
    form = VariantForm
    fields = ("sections",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False  # reached from its test

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("tracking.view_landingpage")

    def has_change_permission(self, request: HttpRequest, obj: PageVariant | None = None) -> bool:
        return request.user.has_perm("tracking.change_landingpage") and (obj is None or obj.test.started_at is None)

    def response_post_save_change(self, request: HttpRequest, obj: PageVariant) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:tracking_pagetest_change", args=[obj.test_id]))


def _nothing_to_learn(test: PageTest) -> str:
    """What to know before a test of variants that do not differ; empty where they do."""
    if not (letters := experiments.alike(test)):
        return ""
    said = _g(
        "Variants %(first)s and %(last)s are the same: nothing can be learned from them. Change one of them first."
    )
    return said % {"first": ", ".join(letters[:-1]), "last": letters[-1]}
