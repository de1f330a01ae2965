"""Retention in the admin: how long each kind of data is kept, how much would go today, and what has gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from contacts import sql
from contacts.admin_base import BaremeAdmin, guarded
from contacts.models import Contact, RetentionPolicy, RetentionRun
from contacts.privacy.retention import Kind, Proposal, Unit, counting, in_order, kinds, policies, runs
from contacts.wording import whole

LISTED = 100
SECONDS = 5


class LengthsForm(forms.Form):
    """For each kind how long it is kept; left empty, for good."""

    def __init__(self, lengths: Mapping[str, int | None], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in in_order():
            if not kind.is_fixed:
                self.fields[kind.key] = forms.IntegerField(
                    label=kind.label,
                    min_value=1,
                    max_value=policies.LONGEST,
                    required=False,
                    initial=lengths[kind.key],
                    widget=UnfoldAdminIntegerFieldWidget(
                        attrs={"min": 1, "max": policies.LONGEST, "placeholder": _("for good")}
                    ),
                )

    def save(self, author: Any) -> bool:
        """Put what was changed into force; True if anything was."""
        with transaction.atomic():
            changed = [policies.decide(kinds[key], self.cleaned_data[key], author) for key in self.changed_data]
        return any(changed)


@dataclass(frozen=True)
class Line:
    """A kind of data as the page shows it."""

    kind: Kind
    field: forms.BoundField | None
    unit: str
    usual: str
    due: str
    address: str


@admin.register(RetentionPolicy)
class RetentionPolicyAdmin(BaremeAdmin):
    """One page instead of a list: what is kept how long, what would go, what went, and how the settings came about."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("count/", view(self.count), name="contacts_retentionpolicy_count"),
            path("apply/", view(self.apply), name="contacts_retentionpolicy_apply"),
            path("proposed/<slug:key>/", view(self.proposed), name="contacts_retentionpolicy_proposed"),
            *super().get_urls(),
        ]

    @guarded("view")
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may_change, lengths = self.has_add_permission(request), policies.lengths()
        form = LengthsForm(lengths, request.POST if request.method == "POST" and may_change else None)
        if form.is_bound and form.is_valid():
            if form.save(request.user):
                self.message_user(request, _g("Saved. It holds from the next run on."), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        history = RetentionPolicy.objects.select_related("author")[:20]
        context = {
            "title": _("Retention"),
            "form": form,
            "may_change": may_change,
            "may_apply": self.has_apply_permission(request),
            "lines": self._lines(form, lengths),
            "runs": [(run, going(run)) for run in _past().select_related("by")[:10]],
            "first_day": runs.first_day(),
            "history": [(label(one.kind), said(one.kind, one.length), one) for one in history],
        }
        return self._page(request, "contacts/retention/settings.html", context)

    def _lines(self, form: LengthsForm, lengths: Mapping[str, int | None]) -> list[Line]:
        counts = counting.going(lengths)
        return [
            Line(
                kind=kind,
                field=None if kind.is_fixed else form[kind.key],
                unit=_g("days") if kind.unit == Unit.DAYS else _g("months"),
                usual=_g("often: %(length)s") % {"length": said(kind.key, kind.usual)} if kind.usual else "",
                due=counted(counts[kind.key]) if kind.key in counts else "–",
                address=self.page("proposed", kind.key) if kind.is_proposed and kind.key in counts else "",
            )
            for kind in in_order()
        ]

    @guarded("view")
    def count(self, request: HttpRequest) -> HttpResponse:
        """How much of one kind would go if it were kept for so long: for the page, while the length is typed."""
        key, form = request.GET.get("kind", ""), LengthsForm(policies.lengths(), request.GET)
        if key not in form.fields:
            raise Http404
        if key in form.errors:
            return JsonResponse({"error": form.errors[key][0]}, status=422)
        counts = counting.going({key: form.cleaned_data[key]})
        return JsonResponse({"due": counted(counts[key]) if key in counts else "–"})

    @guarded("apply")
    def apply(self, request: HttpRequest) -> HttpResponse:
        """GET says what would go; POST begins a run."""
        if request.method == "POST":
            runs.ask(request.user)
            self.message_user(request, _g("It begins within seconds. This page shows how far it has come."))
            return HttpResponseRedirect(self.page("changelist"))
        lengths = policies.lengths()
        counts = counting.going(lengths)
        lines = [
            (kind, counted(counts[kind.key])) for kind in in_order() if counts.get(kind.key) != 0 and kind.key in counts
        ]
        context = {
            "title": _("Let go of what is no longer kept"),
            "lines": [(kind, count) for kind, count in lines if not kind.is_proposed],
            "back": self.page("changelist"),
        }
        return self._page(request, "contacts/retention/apply.html", context)

    @guarded("view")
    def proposed(self, request: HttpRequest, key: str) -> HttpResponse:
        """Contacts who might be erased. What is chosen goes to the page that erases, which asks again."""
        kind = kinds.get(key)
        due = policies.due(kind, policies.lengths()[key]) if kind else None
        if not isinstance(kind, Proposal) or due is None:
            raise Http404
        contacts: list[Contact] | None = None
        try:
            with transaction.atomic():
                sql.limit_time(SECONDS)
                contacts = list(kind.contacts(due).select_related("company")[: LISTED + 1])
        except OperationalError:  # so few among so many
            messages.warning(request, _g("There are too many contacts to look through now. Try again later."))
        context = {
            "title": kind.label,
            "kind": kind,
            "length": said(key, policies.lengths()[key]),
            "contacts": (contacts or [])[:LISTED],
            "has_more": len(contacts or []) > LISTED,
            "may_erase": request.user.has_perm("contacts.erase_person"),
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "back": self.page("changelist"),
        }
        return self._page(request, "contacts/retention/proposed.html", context)

    def _page(self, request: HttpRequest, template: str, context: Mapping[str, Any]) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.model._meta}
        return TemplateResponse(request, template, shared | dict(context))

    def has_apply_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request) and request.user.has_perm("contacts.apply_retention"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _past() -> QuerySet[RetentionRun]:
    return RetentionRun.objects.filter(started_at__lte=timezone.now())


def counted(count: int | None) -> str:
    if count is None:
        return _g("not counted: it would take too long")
    if count > counting.MOST:
        return _g("more than %(count)s") % {"count": whole(counting.MOST)}
    return whole(count)


def said(key: str, length: int | None) -> str:
    """A length in words."""
    kind = kinds.get(key)
    if length is None:
        return _g("for good")
    if kind and kind.unit == Unit.DAYS:
        return ngettext("%(count)d day", "%(count)d days", length) % {"count": length}
    return ngettext("%(count)d month", "%(count)d months", length) % {"count": length}


def label(key: str) -> str:
    kind = kinds.get(key)
    return str(kind.label) if kind else key


def going(run: RetentionRun) -> list[tuple[str, int]]:
    """What went in a run, kind by kind."""
    order = [kind.key for kind in in_order()]
    known = sorted(run.counts, key=lambda key: order.index(key) if key in order else len(order))
    return [(label(key), run.counts[key]) for key in known]
