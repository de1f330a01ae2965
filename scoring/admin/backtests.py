"""Back-tests: ask whether the score tells who converts, wait, and read the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from contacts.admin_base import BaremeAdmin, guarded
from contacts.conditions import ConditionsField
from contacts.numerals import number_in
from contacts.told_list import told
from contacts.typed_params import TypedParamsForm
from contacts.wording import whole
from scoring.admin.offered import OfferedScores
from scoring.backtests import books, questions, running
from scoring.models import BackTest
from scoring.outcomes import outcomes

QUARTER = 90  # days


class BackTestForm(OfferedScores, TypedParamsForm):
    type_field = "outcome"
    registry = outcomes
    conditions = ConditionsField(
        label=_("Only contacts who"),
        help_text=_("As they were at the end of the cut-off date. Empty: everybody there was."),
    )

    class Meta:
        model = BackTest
        fields = (
            "outcome",
            "params",
            "cutoff",
            "horizon_days",
            "group",
            "capacity",
            "conditions",
            "with_earlier",
            "with_draft",
            "with_then",
        )
        labels = {
            "outcome": _("What you hope contacts will do"),
            "params": _("Which"),
            "with_earlier": _("Also contacts who had done it before"),
            "with_draft": _("Compare with the draft"),
            "with_then": _("Compare with the rules in force then"),
        }
        help_texts = {
            "cutoff": _("Contacts get the score they would have had at the end of this day. Nothing later counts."),
            "horizon_days": _("How long after that day somebody could do it. These days must be over."),
            "group": "",
            "capacity": _("The answer then says which threshold passes as many. May be left empty."),
            "with_earlier": _(
                "Left off, the test asks who does it for the first time: whoever had done it is no lead any more. "
                "Switch it on for what people do again and again, such as buying."
            ),
            "with_draft": _("Asks the same of the rules as the draft would make them."),
            "with_then": _("Shows what changing the rules since then has brought."),
        }

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if cleaned.get("cutoff") and cleaned.get("horizon_days"):
            self._check(questions.check_days, cleaned["cutoff"], cleaned["horizon_days"])
        self._check(questions.check_conditions, cleaned.get("conditions"))
        if cleaned.get("with_draft") and not books.waiting_draft():
            self.add_error("with_draft", _("There is nothing in the draft to compare with."))
        return cleaned

    def _check(self, check: Any, *values: Any) -> None:
        try:
            check(*values)
        except ValidationError as error:
            self.add_error(None, error)


@admin.register(BackTest)
class BackTestAdmin(BaremeAdmin):
    empty_text = _("A back-test looks back: would the score have told who converts? Choose an outcome and a day.")
    form = BackTestForm
    list_display = ("what", "cutoff", "days", "which_score", "verdict", "standing", "author", "created_at")
    list_select_related = ("group", "author")
    fieldsets: ClassVar = [
        (
            _("What should the score tell?"),
            {
                "fields": ["outcome", "params", ("cutoff", "horizon_days"), "group"],
                "description": _(
                    "A back-test goes back to a day, gives everybody the score they would have had then, and looks who did "
                    "what you hoped for afterwards. So you see whether the score is worth following, and from which "
                    "threshold on."
                ),
            },
        ),
        (_("Your sales team"), {"fields": ["capacity"]}),
        (_("Among whom"), {"fields": ["conditions", "with_earlier"]}),
        (_("Other rules, side by side"), {"fields": ["with_draft", "with_then"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/status/", view(self.status), name="scoring_backtest_status"),
            path("<int:pk>/stop/", view(self.stop), name="scoring_backtest_stop"),
            *super().get_urls(),
        ]

    # Asking

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one_button})  # type: ignore[no-any-return,unused-ignore]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whom it counts is chosen by what contacts say: only who may read them may ask."""
        return bool(super().has_add_permission(request) and request.user.has_perm("contacts.view_contact"))

    def has_change_permission(self, request: HttpRequest, obj: BackTest | None = None) -> bool:
        return False  # an answer belongs to its question

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A quarter that is over; or what another back-test asked."""
        again = request.GET.get("again", "")
        if test := BackTest.objects.filter(pk=number_in(again)).first():
            return {name: getattr(test, name) for name in BackTestForm.Meta.fields}
        typed: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"cutoff": timezone.localdate() - timedelta(days=QUARTER + 1), "horizon_days": QUARTER} | typed

    def save_model(self, request: HttpRequest, obj: BackTest, form: Any, change: bool) -> None:
        obj.author = request.user  # type: ignore[assignment]
        running.ask(obj)

    def response_add(self, request: HttpRequest, obj: BackTest, post_url_continue: str | None = None) -> HttpResponse:
        return HttpResponseRedirect(self.page("change", obj.pk))

    # The answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        test = self._test(request, number_in(object_id))
        test.called = questions.outcome(test)
        context = self.admin_site.each_context(request) | {
            "title": test.called,
            "opts": self.opts,
            "original": test,
            "test": test,
            "sentence": questions.sentence(test),
            "whom": questions.whom(test),
            "progress": _progress(test),
            "may_ask": self.has_add_permission(request),
            "may_trigger": request.user.has_perm("campaigns.add_trigger"),
        }
        if test.state == BackTest.State.DONE:
            from scoring.backtests import pages  # numpy: only where an answer is read

            context |= pages.shown(test)
        return TemplateResponse(request, "scoring/backtest.html", context)

    @guarded("view")
    def status(self, request: HttpRequest, pk: int) -> HttpResponse:
        test = self._test(request, pk)
        return JsonResponse({"going": test.is_going, "percent": test.percent, "sentence": _progress(test)})

    @guarded("add")
    def stop(self, request: HttpRequest, pk: int) -> HttpResponse:
        test = self._test(request, pk)
        if request.method == "POST":
            running.cancel(test)
        return HttpResponseRedirect(self.page("change", pk))

    def _test(self, request: HttpRequest, pk: int) -> BackTest:
        if not self.has_view_permission(request):
            raise PermissionDenied
        test = BackTest.objects.select_related("group", "author").filter(pk=pk).first()
        if test is None:
            raise Http404
        return test

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[BackTest]:
        return super().get_queryset(request).defer("books")  # type: ignore[no-any-return,unused-ignore]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return told(super().get_changelist(request, **kwargs), questions.in_words)

    @display(description=_("what was hoped for"))
    def what(self, test: Any) -> str:
        return str(test.words)

    @display(description=_("days"), ordering="horizon_days")
    def days(self, test: BackTest) -> int:
        return test.horizon_days

    @display(description=_("score"), ordering="group")
    def which_score(self, test: BackTest) -> str:
        return questions.score(test)

    @display(description=_("verdict"))
    def verdict(self, test: BackTest) -> str:
        if not test.results:
            return "–"
        from scoring.backtests import pages

        return pages.verdict(test)

    @display(
        description=_("state"),
        ordering="state",
        label={"waiting": "info", "running": "info", "done": "success", "failed": "danger", "cancelled": "warning"},
    )
    def standing(self, test: BackTest) -> tuple[str, str]:
        return test.state, test.get_state_display()


def _progress(test: BackTest) -> str:
    if test.total is None:
        return _g("It begins in a moment.")
    if test.seen >= test.total:
        return _g("All contacts are seen; the answer is being computed.")
    return _g("%(seen)s of %(total)s contacts") % {
        "seen": whole(test.seen),
        "total": whole(test.total),
    }
