"""Contacts: the list, the page, the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList as DjangoChangeList
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from contacts import columns, exports, tagging
from contacts.admin import badges, bulk, list_filters, overview
from contacts.admin.contact_form import PREFIX, custom_form
from contacts.admin.contact_list import OWN, ContactList, SamplingPaginator
from contacts.admin.imports import ImportingExporting
from contacts.admin.merging import Merging
from contacts.admin.privacy import Privacy
from contacts.admin_base import BaremeAdmin, CappedPaginator, guarded
from contacts.models import Contact, CustomField
from contacts.search import search

FIELDSETS: list[tuple[Any, dict[str, Any]]] = [
    (
        _("Who"),
        {"fields": [("first_name", "last_name"), ("email", "phone"), ("company", "job_title")]},
    ),
    (_("Where"), {"fields": [("city", "country"), ("language", "time_zone")]}),
    (_("Follow-up"), {"fields": [("owner", "stage"), "tag_list"]}),
]


@admin.register(Contact)
class ContactAdmin(ImportingExporting, Merging, Privacy, BaremeAdmin):
    list_select_related = ("company", "stage")
    empty_text = _("Nobody is here yet. Contacts come by forms, by an import, by the API, or one by one.")
    list_filter = (
        list_filters.StageFilter,
        list_filters.SegmentFilter,
        list_filters.TagFilter,
        list_filters.OwnerFilter,
        list_filters.BlockFilter,
        list_filters.ConsentFilter,
    )
    search_fields = ("email",)  # see get_search_results
    search_help_text = _("Name, email, phone or company")
    autocomplete_fields = ("company", "owner")
    actions = (
        "add_tags", "remove_tags", "add_segments", "remove_segments", "set_stage", "merge_two", "export_chosen", "erase_chosen",
    )  # fmt: skip
    actions_detail = ("see",)

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    # The list

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        ranges = [list_filters.range_of(column) for column in self.contact_columns(request) if column.between]
        return [*super().get_list_filter(request), *ranges]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DjangoChangeList]:
        return ContactList  # type: ignore[no-any-return,unused-ignore]

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> CappedPaginator:
        is_narrowed = bool(request.GET.keys() - {"o", "p"})
        return (SamplingPaginator if is_narrowed else CappedPaginator)(*args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        return super().get_queryset(request).filter(merged_into__isnull=True)  # type: ignore[no-any-return,unused-ignore]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        extra = [_cell(column) for column in self.contact_columns(request)]
        return [*OWN, *extra, "since"]

    def contact_columns(self, request: Any) -> list[columns.Column]:
        """Those that the user may see, looked up once for a page."""
        if not hasattr(request, "contact_columns"):
            every = columns.in_order()
            request.contact_columns = [
                one for one in every if not one.permission or request.user.has_perm(one.permission)
            ]
        found: list[columns.Column] = request.contact_columns
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        return search(queryset, search_term), False

    @display(description=_("contact"), header=True, ordering="last_name")
    def who(self, contact: Contact) -> list[Any]:
        second = contact.email or contact.phone
        return [str(contact), second if second != str(contact) else "", overview.initials(contact)]

    @display(description=_("company"), ordering="company__name")
    def at_company(self, contact: Contact) -> str:
        return contact.company.name if contact.company else badges.NOTHING

    @display(description=_("stage"), ordering="stage__position")
    def at_stage(self, contact: Contact) -> str:
        return badges.stage(contact.stage)

    @display(description=_("tags"))
    def tagged(self, contact: Contact) -> str:
        return badges.tags(contact.tags.all())

    @display(description=_("created"), ordering="created_at")
    def since(self, contact: Contact) -> str:
        return date_format(localtime(contact.created_at), "SHORT_DATE_FORMAT")

    # The page

    def get_urls(self) -> list[URLPattern]:
        page = path("<int:pk>/", self.admin_site.admin_view(self.overview), name="contacts_contact_overview")
        return [page, *super().get_urls()]

    @guarded("view")
    def overview(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = Contact.objects.select_related("company", "stage", "owner", "merged_into").filter(pk=pk).first()
        if contact is None:
            raise Http404
        if contact.merged_into:
            kept = {"contact": contact, "kept": contact.merged_into}
            self.message_user(request, _g("%(contact)s has been merged into %(kept)s.") % kept)
            return HttpResponseRedirect(self.page("overview", contact.merged_into.pk))
        context = self.admin_site.each_context(request) | overview.context(contact, request) | {
            "title": str(contact),
            "opts": self.model._meta,
            "original": contact,
            "may_change": self.has_change_permission(request, contact),
            "may_hand_out": self.has_hand_out_permission(request),
            "may_erase": self.has_erase_permission(request),
        }  # fmt: skip
        return TemplateResponse(request, "contacts/overview.html", context)

    @action(description=_("Contact page"), icon="visibility", permissions=["view"])
    def see(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(self.page("overview", object_id))

    # The form

    def get_form(self, request: HttpRequest, obj: Contact | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{**kwargs, "form": custom_form(_custom_fields())})

    def get_fieldsets(self, request: HttpRequest, obj: Contact | None = None) -> list[tuple[Any, dict[str, Any]]]:
        names = [PREFIX + field.key for field in _custom_fields()]
        pairs = [tuple(names[start : start + 2]) for start in range(0, len(names), 2)]
        return [*FIELDSETS, (_("Custom fields"), {"fields": pairs})] if names else FIELDSETS

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        wanted, contact = set(form.cleaned_data.get("tag_list", ())), form.instance
        present = set(contact.tags.all())
        tagging.add([contact.pk], wanted - present)
        tagging.remove([contact.pk], present - wanted)

    def response_post_save_add(self, request: HttpRequest, obj: Contact) -> HttpResponse:
        return HttpResponseRedirect(self.page("overview", obj.pk))

    def response_post_save_change(self, request: HttpRequest, obj: Contact) -> HttpResponse:
        return HttpResponseRedirect(self.page("overview", obj.pk))

    # Bulk changes

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who is in a segment is the segment's: its page of members asks for the same."""
        return bool(self.has_change_permission(request) and request.user.has_perm("contacts.change_segment"))

    @action(description=_("Add tags …"), permissions=["change"])
    def add_tags(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return bulk.ask_or_apply(self, request, queryset, bulk.CHANGES["add_tags"])

    @action(description=_("Remove tags …"), permissions=["change"])
    def remove_tags(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return bulk.ask_or_apply(self, request, queryset, bulk.CHANGES["remove_tags"])

    @action(description=_("Add to segments …"), permissions=["decide"])
    def add_segments(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return bulk.ask_or_apply(self, request, queryset, bulk.CHANGES["add_segments"])

    @action(description=_("Remove from segments …"), permissions=["decide"])
    def remove_segments(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return bulk.ask_or_apply(self, request, queryset, bulk.CHANGES["remove_segments"])

    @action(description=_("Set the stage …"), permissions=["change"])
    def set_stage(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return bulk.ask_or_apply(self, request, queryset, bulk.CHANGES["set_stage"])

    @action(description=_("Export"), permissions=["export"])
    def export_chosen(self, request: HttpRequest, queryset: QuerySet[Contact]) -> StreamingHttpResponse:
        return self.download(request, queryset, exports.Csv())


def _custom_fields() -> list[CustomField]:
    return list(CustomField.objects.filter(archived_at__isnull=True))


def _cell(column: columns.Column) -> Callable[[Contact], Any]:
    def cell(contact: Contact) -> Any:
        return column.show(contact)

    cell.__name__ = f"column_{column.key}"
    cell.column = column  # type: ignore[attr-defined]
    cell.short_description = column.title  # type: ignore[attr-defined]
    if column.ordering:
        highest_first, name = column.ordering.startswith("-"), F(column.ordering.removeprefix("-"))
        order = name.desc(nulls_last=True) if highest_first else name.asc(nulls_first=True)
        cell.admin_order_field = order  # type: ignore[attr-defined]
    return cell
