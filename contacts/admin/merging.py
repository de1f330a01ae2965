"""Merging from the contact pages: find the other one, compare side by side, decide field by field, see what would happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db import OperationalError, transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from contacts import countries, custom_values, merging
from contacts.admin_base import BaremeAdmin, guarded, note
from contacts.merging import MergeError, values
from contacts.merging.values import CUSTOM, LOSER, WINNER
from contacts.models import Company, Contact, CustomField, Duplicate, Stage
from contacts.numerals import number_in
from contacts.remarks import Remark
from contacts.search import search
from contacts.sql import limit_time

FOUND = 20
SECONDS = 20  # a preview gives up then, rather than keep the pipeline waiting for the contacts it holds
PREFIX = "keep."


@dataclass(frozen=True)
class Row:
    """A field as the page compares it. `chosen`: whose value wins."""

    name: str
    label: str
    winner: str
    loser: str
    chosen: str
    is_choice: bool


class Merging(BaremeAdmin):  # type: ignore[misc,unused-ignore]
    """What the contact admin has for merging."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/merge/", view(self.find_other), name="contacts_contact_merge"),
            path("<int:pk>/merge/<int:other>/", view(self.compare), name="contacts_contact_compare"),
            *super().get_urls(),
        ]

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Pages of who was merged into another, as the history names them, lead to the page that says so."""
        pk = number_in(object_id)
        if Contact.objects.filter(pk=pk, merged_into__isnull=False).exists():
            return HttpResponseRedirect(self.page("overview", pk))
        return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[no-any-return,unused-ignore]

    @action(description=_("Merge two contacts …"), permissions=["change"])
    def merge_two(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
        if len(ids) != 2:
            self.message_user(request, _g("Choose exactly two contacts to merge."), messages.WARNING)
            return None
        return HttpResponseRedirect(self.page("compare", *ids))

    @guarded("change")
    def find_other(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = _living(pk)
        said = request.GET.get("q", "").replace("\0", "").strip()[:200]
        others = Contact.objects.filter(merged_into=None).exclude(pk=pk).select_related("company")
        pairs = Duplicate.objects.filter(dismissed_at=None)
        known = {
            *pairs.filter(first=pk).values_list("second", flat=True),
            *pairs.filter(second=pk).values_list("first", flat=True),
        }
        found = search(others, said)[:FOUND] if said else others.filter(pk__in=known)[:FOUND]
        return self._page(
            request, "contacts/merge_find.html", contact, title=_g("Merge"), q=said, found=list(found), asked=bool(said)
        )

    @guarded("change")
    def compare(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        winner, loser = _living(pk), _living(other)
        if pk == other:
            raise Http404
        choices = {
            name.removeprefix(PREFIX): str(value) for name, value in request.POST.items() if name.startswith(PREFIX)
        }
        if request.method == "POST" and "merge" in request.POST:
            return self._merge(request, winner, loser, choices)
        try:
            preview, error = _preview(pk, other, choices), ""
        except MergeError as refused:
            preview, error = None, str(refused)
        except OperationalError:
            preview, error = None, _g("The preview took too long. You can merge without it.")
        return self._page(
            request,
            "contacts/merge.html",
            winner,
            title=_g("Merge"),
            winner=winner,
            loser=loser,
            rows=_rows(winner, loser, choices),
            prefix=PREFIX,
            preview=preview,
            error=error,
        )

    def _merge(self, request: HttpRequest, winner: Contact, loser: Contact, choices: Mapping[str, str]) -> HttpResponse:
        try:
            merging.merge(winner.pk, loser.pk, choices=choices, author=request.user)
        except MergeError as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(self.page("overview", winner.pk))
        note(request, [winner], Remark(_("Merged with %(contact)s."), contact=f"{loser} (#{loser.pk})"))
        self.message_user(
            request, _g("%(contact)s has been merged into this contact.") % {"contact": loser}, messages.SUCCESS
        )
        return HttpResponseRedirect(self.page("overview", winner.pk))

    def _page(self, request: HttpRequest, template: str, contact: Contact, **context: Any) -> HttpResponse:
        base = {"opts": self.model._meta, "original": contact, "contact": contact}
        return TemplateResponse(request, template, self.admin_site.each_context(request) | base | context)


def _living(pk: int) -> Contact:
    contact = Contact.objects.select_related("company", "stage", "owner").filter(pk=pk, merged_into=None).first()
    if contact is None:
        raise Http404
    return contact


def _preview(winner: int, loser: int, choices: Mapping[str, str]) -> merging.Preview:
    with transaction.atomic():
        limit_time(SECONDS)
        return merging.preview(winner, loser, choices)


def _rows(winner: Contact, loser: Contact, choices: Mapping[str, str]) -> list[Row]:
    custom = {field.key: field for field in CustomField.objects.all()}
    return [
        Row(
            field.name,
            field.label,
            _words(field.name, field.winner, custom),
            _words(field.name, field.loser, custom),
            LOSER if choices.get(field.name, field.default) == LOSER else WINNER,
            field.is_choice,
        )
        for field in values.fields(winner, loser)
    ]


def _words(name: str, value: Any, custom: Mapping[str, CustomField]) -> str:
    """A value as people read it."""
    if value in values.EMPTY:
        return ""
    if name.startswith(CUSTOM):
        field = custom.get(name.removeprefix(CUSTOM))
        return custom_values.words(field, value) if field else str(value)
    models: dict[str, type[Model]] = {"company_id": Company, "stage_id": Stage, "owner_id": get_user_model()}
    if name in models:
        return str(models[name]._default_manager.filter(pk=value).first() or "")
    if name == "country":
        return countries.name(value)
    return dict(Contact._meta.get_field("language").flatchoices).get(value, value) if name == "language" else str(value)
