"""Archiving instead of deleting: by the actions of a list, and by a button on the page of each row."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from contacts.admin_base import BaremeAdmin, by_post, post_button
from contacts.remarks import Remark


class ArchivedFilter(admin.SimpleListFilter):
    """What is in use, unless asked otherwise."""

    title = _("state")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Archived")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        choices = super().choices(changelist)
        yield {**next(choices), "display": _("In use")}
        yield from choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "yes")


class ArchivingAdmin(BaremeAdmin):
    """For models with `archived_at`: rows that history names are archived, not deleted, and can come back.

    Archived rows leave the list (unless asked for) and the autocompletes. A page with detail actions of its own names
    `archive_this` and `restore_this` among them.
    """

    list_filter: ClassVar[Any] = [ArchivedFilter]
    actions: ClassVar[Any] = ["archive", "restore"]
    actions_detail: ClassVar[Any] = ("archive_this", "restore_this")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if request.path.endswith("/autocomplete/"):
            queryset = queryset.filter(archived_at__isnull=True)
        return super().get_search_results(request, queryset, search_term)  # type: ignore[no-any-return,unused-ignore]

    def archiving_means(self, row: Any) -> str:
        """What to know before a row is archived."""
        return _g("It leaves the lists, and is offered nowhere any more. What it did stays.")

    @transaction.atomic
    def put_away(self, request: HttpRequest, queryset: QuerySet[Any]) -> int:
        rows = queryset.filter(archived_at__isnull=True)
        self.note(request, rows, Remark(_("Archived.")))
        return rows.update(archived_at=timezone.now())

    @transaction.atomic
    def take_back(self, request: HttpRequest, queryset: QuerySet[Any]) -> int:
        rows = queryset.filter(archived_at__isnull=False)
        self.note(request, rows, Remark(_("Brought back from the archive.")))
        return rows.update(archived_at=None)

    # On the list

    @action(description=_("Archive"), permissions=["change"], icon="archive")
    def archive(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = self.put_away(request, queryset)
        self.tell(request, count, ngettext_lazy("%(count)d archived.", "%(count)d archived.", "count"))

    @action(description=_("Bring back from the archive"), permissions=["change"], icon="unarchive")
    def restore(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = self.take_back(request, queryset)
        self.tell(request, count, ngettext_lazy("%(count)d brought back.", "%(count)d brought back.", "count"))

    # On the page of a row

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """One of the two buttons: nothing is archived twice."""
        row = self.get_object(request, str(object_id))
        refused = "archive_this" if row is None or row.archived_at else "restore_this"
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [one for one in found if one.method.original_function_name != refused]

    @action(description=_("Archive"), permissions=["change"], icon="archive", url_path="archive")
    def archive_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks in a dialog what the list, where rows are chosen one by one, does at once."""
        row = self.get_object(request, object_id)
        if row is None:
            return HttpResponseRedirect(self.page("changelist"))
        form = BaseDialogForm(data=request.POST or None, request=request, object_id=object_id)
        if not form.is_valid():
            return self._ask_before(request, row, form)
        count = self.put_away(request, self.model._default_manager.filter(pk=row.pk))
        self._tell_where(request, count, _g("“%(name)s” is in the archive now.") % {"name": row})
        return HttpResponse(headers={"HX-Redirect": self.page("change", row.pk)})

    archive_this.dialog = True  # its button opens what the view answers

    @action(
        description=_("Bring back from the archive"),
        permissions=["change"],
        icon="unarchive",
        url_path="restore",
        attrs=post_button("restore"),
    )
    @by_post
    def restore_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return HttpResponseRedirect(self.page("changelist"))
        count = self.take_back(request, self.model._default_manager.filter(pk=row.pk))
        self._tell_where(request, count, _g("“%(name)s” is back from the archive.") % {"name": row})
        return HttpResponseRedirect(self.page("change", row.pk))

    def _ask_before(self, request: HttpRequest, row: Any, form: BaseDialogForm) -> HttpResponse:
        means = self.archiving_means(row) + " " + _g("It can be brought back from there.")
        title = _g("Archive “%(name)s”?") % {"name": row}
        context = {"dialog": {"title": title, "description": means}, "form": form, "form_submit_text": _g("Archive")}
        return render(request, "unfold/helpers/dialog.html", context)

    def _tell_where(self, request: HttpRequest, count: int, sentence: str) -> None:
        if count:
            text = format_html(
                '{} <a class="underline" href="{}">{}</a>', sentence, self.page("changelist"), _g("See the list")
            )
            self.message_user(request, text, messages.SUCCESS)
