"""Changes to many chosen contacts: one page that asks what and says how many, then one statement and its count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelect2Widget, UnfoldBooleanWidget

from contacts import segments, stages, tagging
from contacts.admin_base import BaremeAdmin, note
from contacts.holding import held
from contacts.models import Contact, Membership, Segment, Stage, Tag
from contacts.remarks import Remark


class OfTags(forms.Form):
    rows = forms.ModelMultipleChoiceField(Tag.objects.all(), label=_("Tags"), widget=UnfoldAdminSelect2MultipleWidget)


class OfSegments(forms.Form):
    rows = forms.ModelMultipleChoiceField(
        Segment.objects.filter(archived_at__isnull=True), label=_("Segments"), widget=UnfoldAdminSelect2MultipleWidget
    )


class OfStage(forms.Form):
    rows = forms.ModelChoiceField(Stage.objects.all(), label=_("Stage"), widget=UnfoldAdminSelect2Widget)
    forward_only = forms.BooleanField(
        label=_("Only forwards"),
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
        help_text=_("Contacts who are further down the funnel stay there."),
    )


@dataclass(frozen=True)
class Change:
    """One bulk change: the words of its page, its form, and what it does (returning how many contacts changed)."""

    key: str
    title: Any
    form: type[forms.Form]
    apply: Callable[[QuerySet[Contact], dict[str, Any], str], int]
    done: Any


def _in_segments(verb: Callable[..., int]) -> Callable[[QuerySet[Contact], dict[str, Any], str], int]:
    def apply(contacts: QuerySet[Contact], data: dict[str, Any], who: str) -> int:
        return sum(verb(segment, contacts, Membership.Reason.MANUAL, who) for segment in data["rows"])

    return apply


CHANGES = {
    change.key: change
    for change in [
        Change(
            "add_tags",
            _("Add tags"),
            OfTags,
            lambda contacts, data, who: tagging.add(contacts, data["rows"]),
            ngettext_lazy("%(count)d tag added.", "%(count)d tags added.", "count"),
        ),
        Change(
            "remove_tags",
            _("Remove tags"),
            OfTags,
            lambda contacts, data, who: tagging.remove(contacts, data["rows"]),
            ngettext_lazy("%(count)d tag removed.", "%(count)d tags removed.", "count"),
        ),
        Change(
            "add_segments",
            _("Add to segments"),
            OfSegments,
            _in_segments(segments.add),
            ngettext_lazy("%(count)d membership added.", "%(count)d memberships added.", "count"),
        ),
        Change(
            "remove_segments",
            _("Remove from segments"),
            OfSegments,
            _in_segments(segments.remove),
            ngettext_lazy("%(count)d membership ended.", "%(count)d memberships ended.", "count"),
        ),
        Change(
            "set_stage",
            _("Set the stage"),
            OfStage,
            lambda contacts, data, who: stages.set_stage(contacts, data["rows"], forward_only=data["forward_only"]),
            ngettext_lazy("%(count)d contact moved.", "%(count)d contacts moved.", "count"),
        ),
    ]
}


def ask_or_apply(
    admin: BaremeAdmin, request: HttpRequest, contacts: QuerySet[Contact], change: Change
) -> HttpResponse | None:
    """The page that asks, or, once answered, the change itself: held, told to the user, noted in the history."""
    form = change.form(request.POST if "apply" in request.POST else None)
    if not form.is_valid():
        return _page(admin, request, contacts, change, form)
    chosen = Contact.objects.filter(pk__in=contacts.order_by().values("pk"))
    with held():
        count = change.apply(chosen, form.cleaned_data, str(request.user))
        rows = form.cleaned_data["rows"]
        said = Remark(_("%(change)s: %(count)s"), change=change.title, count=count)
        _note(request, [rows] if isinstance(rows, Model) else list(rows), said)
    admin.tell(request, count, change.done)
    return None


def _page(
    admin: BaremeAdmin, request: HttpRequest, contacts: QuerySet[Contact], change: Change, form: forms.Form
) -> HttpResponse:
    everybody = request.POST.get("select_across") == "1"
    context = admin.admin_site.each_context(request) | {
        "title": change.title,
        "opts": admin.model._meta,
        "change": change,
        "form": form,
        "count": min(contacts.order_by()[: admin.paginator.limit + 1].count(), admin.paginator.limit),
        "is_capped": everybody and contacts.order_by()[admin.paginator.limit :].exists(),
        "chosen": [] if everybody else request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "select_across": "1" if everybody else "0",
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "contacts/bulk.html", context)


def _note(request: HttpRequest, rows: list[Any], message: Remark) -> None:
    """One line in the history of each tag, segment or stage: who changed how many."""
    for model in {type(row) for row in rows}:
        chosen = model._default_manager.filter(pk__in=[row.pk for row in rows])
        note(request, chosen, message)
