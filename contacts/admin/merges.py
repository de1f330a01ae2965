"""Merges that were made, with the way back; and contacts who may be one person."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from contacts import duplicates, merging
from contacts.admin_base import ReadOnlyAdmin, note
from contacts.merging import MergeError
from contacts.models import Contact, Duplicate, Merge, MergePolicy
from contacts.remarks import Remark
from contacts.wording import labelled


def may_merge(request: HttpRequest) -> bool:
    return request.user.has_perm("contacts.change_contact")


class UndoneFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "undone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("In force")), ("yes", _("Undone"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Merge]) -> QuerySet[Merge]:
        return queryset if self.value() is None else queryset.filter(undone_at__isnull=self.value() != "yes")


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    empty_text = _("No contacts have been merged yet.")
    list_display = ("kept", "gone", "origin", "author", "at", "undone_at")
    list_filter = (UndoneFilter, "origin")
    list_select_related = ("winner", "loser", "author")
    list_display_links = None
    search_fields = ("winner__email__startswith", "loser__email__startswith")
    actions = ("undo",)

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def get_urls(self) -> list[URLPattern]:
        undo = self.admin_site.admin_view(require_POST(self.undo_one))
        return [path("<int:pk>/undo/", undo, name="contacts_merge_undo"), *super().get_urls()]

    @display(description=_("kept"), ordering="winner__email")
    def kept(self, merge: Merge) -> str:
        return _link(merge.winner)

    @display(description=_("merged away"), ordering="loser__email")
    def gone(self, merge: Merge) -> str:
        text = f"{merge.loser} · {merge.loser.email}" if merge.loser.email else str(merge.loser)
        return _link(merge.loser) if merge.undone_at else text

    def has_undo_permission(self, request: HttpRequest) -> bool:
        return may_merge(request)

    @action(description=_("Undo the merge"), permissions=["undo"], icon="undo")
    def undo(self, request: HttpRequest, queryset: QuerySet[Merge]) -> None:
        """The latest first: a merge of a merged contact is undone from the outside in."""
        chosen = list(queryset.filter(undone_at=None).order_by("-pk"))
        self.tell(
            request,
            sum(self._undo(request, merge) for merge in chosen),
            ngettext_lazy("%(count)d merge undone.", "%(count)d merges undone.", "count"),
        )

    def undo_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """From the contact's page."""
        if not may_merge(request):
            raise PermissionDenied
        merge = Merge.objects.select_related("winner", "loser").filter(pk=pk, undone_at=None).first()
        if merge is None:
            return HttpResponseRedirect(self.page("changelist"))
        if self._undo(request, merge):
            merge.loser.refresh_from_db()
            self.message_user(request, _undone(merge), messages.SUCCESS)
        return HttpResponseRedirect(merge.winner.get_absolute_url())

    def _undo(self, request: HttpRequest, merge: Merge) -> bool:
        try:
            merging.undo(merge, request.user)
        except MergeError as refused:
            self.message_user(request, labelled(merge, refused), messages.ERROR)
            return False
        said = Remark(_("The merge of %(contact)s was undone."), contact=f"{merge.loser} (#{merge.loser_id})")
        note(request, [merge.winner, merge.loser], said)
        return True


class DismissedFilter(admin.SimpleListFilter):
    """Those to decide about, unless asked otherwise."""

    title = _("state")
    parameter_name = "dismissed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Dismissed"))]

    def choices(self, changelist: Any) -> Any:
        choices = super().choices(changelist)
        yield {**next(choices), "display": _("To decide")}
        yield from choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Duplicate]) -> QuerySet[Duplicate]:
        return queryset.filter(dismissed_at__isnull=self.value() != "yes")


class ReasonFilter(admin.SimpleListFilter):
    title = _("because")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(finder.key, finder.label) for finder in duplicates.finders]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Duplicate]) -> QuerySet[Duplicate]:
        return queryset.filter(reasons__contains=[self.value()]) if self.value() else queryset


@admin.register(Duplicate)
class DuplicateAdmin(ReadOnlyAdmin):
    list_display = ("one", "two", "because", "found_at", "compare")
    list_filter = (DismissedFilter, ReasonFilter)
    list_select_related = ("first__company", "second__company")
    list_display_links = None
    actions = ("dismiss", "bring_back")
    list_before_template = "contacts/duplicates_before.html"
    empty_text = _("No two contacts look like one person. If you know of two, open one of them and choose “Merge …”.")

    class Media:
        css = {"all": ["contacts/contacts.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Duplicate]:
        living = super().get_queryset(request).filter(first__merged_into=None, second__merged_into=None)
        return living  # type: ignore[no-any-return,unused-ignore]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("look/", view(require_POST(self.look)), name="contacts_duplicate_look"),
            path("policy/", view(require_POST(self.policy)), name="contacts_duplicate_policy"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        extra = {"is_automatic": MergePolicy.allows(), "may_merge": may_merge(request)}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def look(self, request: HttpRequest) -> HttpResponse:
        """Look for duplicates now."""
        if not may_merge(request):
            raise PermissionDenied
        sentence = ngettext_lazy("%(count)d new pair found.", "%(count)d new pairs found.", "count")
        self.tell(request, duplicates.look(), sentence)
        return HttpResponseRedirect(self.page("changelist"))

    def policy(self, request: HttpRequest) -> HttpResponse:
        """Switch merging without asking on or off."""
        if not may_merge(request):
            raise PermissionDenied
        MergePolicy(is_automatic=request.POST.get("is_automatic") == "on").save()
        self.message_user(request, _g("Saved."), messages.SUCCESS)
        return HttpResponseRedirect(self.page("changelist"))

    def has_dismiss_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_merge(request)

    @display(description=_("contact"))
    def one(self, pair: Duplicate) -> str:
        return _person(pair.first)

    @display(description=_("and"))
    def two(self, pair: Duplicate) -> str:
        return _person(pair.second)

    @display(description=_("because"))
    def because(self, pair: Duplicate) -> str:
        known = {finder.key: str(finder.label) for finder in duplicates.finders}
        return ", ".join(known.get(key, key) for key in pair.reasons)

    @display(description="")
    def compare(self, pair: Duplicate) -> str:
        address = reverse("admin:contacts_contact_compare", args=[pair.first_id, pair.second_id])
        return format_html('<a class="contact-link" href="{}">{}</a>', address, _g("Compare and merge"))

    @action(description=_("Dismiss: two different people"), permissions=["dismiss"], icon="close")
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Duplicate]) -> None:
        rows = queryset.filter(dismissed_at=None)
        count = rows.update(dismissed_at=timezone.now(), dismissed_by=request.user)
        self.tell(request, count, ngettext_lazy("%(count)d pair dismissed.", "%(count)d pairs dismissed.", "count"))

    @action(description=_("Decide again"), permissions=["dismiss"], icon="undo")
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Duplicate]) -> None:
        rows = queryset.exclude(dismissed_at=None)
        count = rows.update(dismissed_at=None, dismissed_by=None)
        self.tell(request, count, ngettext_lazy("%(count)d pair to decide.", "%(count)d pairs to decide.", "count"))


def _link(contact: Contact) -> str:
    return format_html('<a class="contact-link" href="{}">{}</a>', contact.get_absolute_url(), contact)


def _undone(merge: Merge) -> str:
    """Leads to both: who undoes a merge stays where they were, and wants to see the other one."""
    sentence = _g("The merge is undone: %(kept)s stays here, %(gone)s is a contact of its own again.")
    return format_html(
        sentence.replace("%(kept)s", "{}").replace("%(gone)s", "{}"),
        *(_link(one) for one in (merge.winner, merge.loser)),
    )


def _person(contact: Contact) -> str:
    second = " · ".join(
        str(part) for part in (contact.email, contact.phone, contact.company) if part and str(part) != str(contact)
    )
    return format_html('{}<br><span class="contact-muted">{}</span>', _link(contact), second)
