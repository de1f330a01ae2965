"""What every admin page of Bareme has in common: no full counts, buttons that post, read-only ledgers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import DecimalField, IntegerField, Model, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from contacts.remarks import Remark
from contacts.wording import whole

__all__ = [
    "BaremeAdmin",
    "CappedCount",
    "CappedPaginator",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "StackedInline",
    "TabularInline",
    "by_post",
    "guarded",
    "note",
    "post_button",
    "shown_count",
    "told",
]


NOTHING = "–"  # where there is no value: a hyphen is none


class CappedPaginator(Paginator):
    """Counts no further than `limit`: a list page costs the same in a table of a thousand and of ten million rows."""

    limit = 10_000
    template_name = "contacts/pagination.html"  # says "10,000+" where it stopped counting

    @cached_property
    def count(self) -> int:
        return self.counted()

    def counted(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return min(rows.order_by().values("pk")[: self.limit + 1].count(), self.limit)

    @property
    def is_capped(self) -> bool:
        return self.count >= self.limit


class CappedCount(Subquery):
    """How many rows a correlated queryset has, counting no further than the paginator does: `shown_count` says it."""

    template = f"(SELECT count(*) FROM (%(subquery)s LIMIT {CappedPaginator.limit + 1}) capped)"
    output_field = IntegerField()


def shown_count(count: int) -> str:
    return f"{whole(CappedPaginator.limit)}+" if count > CappedPaginator.limit else whole(count)


class FiniteDecimalField(forms.DecimalField):
    """Django compares what was typed before it looks whether it is a number: a signalling NaN is an error there."""

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        if number is not None and not number.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return number


def guarded(permission: str) -> Callable[..., Any]:
    """Decorate a view of a ModelAdmin: 403 without `view`, `change` … on the model (admin_view asks less)."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def checked(self: BaremeAdmin, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            kwargs.pop("model_admin", None)  # unfold passes it to custom urls
            if not getattr(self, f"has_{permission}_permission")(request):
                raise PermissionDenied
            return view(self, request, *args, **kwargs)

        return checked

    return decorate


def post_button(url_path: str) -> dict[str, str]:
    """`attrs` of a detail action that is done `by_post`: its button posts, with the token of the page's form."""
    return {"hx-post": f"../{url_path}/", "hx-include": "[name=csrfmiddlewaretoken]", "hx-swap": "none"}


def by_post(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a detail action that changes something: whoever is led to its address only gets back to the row's page."""

    @wraps(view)
    def answered(self: BaremeAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseRedirect(self.page("change", object_id))
        response = view(self, request, object_id)
        if "HX-Request" in request.headers and "Location" in response:
            return HttpResponse(headers={"HX-Redirect": response["Location"]})
        return response

    return answered


def note(request: HttpRequest, rows: Iterable[Any], message: Remark) -> None:
    """Write a line into the history of each row, for every reader in their own language."""
    LogEntry.objects.log_actions(request.user.pk or 0, rows, CHANGE, message.stored)  # type: ignore[arg-type,unused-ignore]


def told(entry: LogEntry) -> LogEntry:
    """A line of the history, its remark in the language of whoever reads it."""
    entry.change_message = Remark.read(entry.change_message)
    return entry


class BaremeAdmin(ModelAdmin):  # type: ignore[misc,unused-ignore]
    """The base of all our admin pages. `list_select_related` and `autocomplete_fields` are each page's own."""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    paginator = CappedPaginator
    list_filter_submit = True
    show_facets = admin.ShowFacets.NEVER  # each would count the table again
    warn_unsaved_form = True
    save_on_top = False
    empty_value_display = NOTHING
    empty_text: Any = ""  # what a list is for, said while it is empty
    add_text: Any = ""  # what the button to add one says, where it is not just another of them

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if any("\0" in text for _name, texts in request.GET.lists() for text in texts):
            return HttpResponseRedirect(request.path)  # no text in PostgreSQL has a NUL: there is nothing to look for
        return super().changelist_view(request, extra_context)  # type: ignore[no-any-return,unused-ignore]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        if not found.is_popup:
            found.title = capfirst(
                found.opts.verbose_name_plural
            )  # "Select … to change" fits few names, in any language
        if not found.query and not found.has_active_filters:  # nothing is hidden, so there is no "show all"
            found.full_result_count = found.result_count
        return found

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, DecimalField):
            kwargs.setdefault("form_class", FiniteDecimalField)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "description":
            field.widget.attrs["rows"] = 3  # a sentence or two
        return field

    def tell(self, request: HttpRequest, count: int, sentence: Any) -> None:
        """Say how many rows an action changed; `sentence` is `ngettext_lazy(…, …, "count")` with `%(count)d` in it."""
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS if count else messages.WARNING)

    def note(self, request: HttpRequest, rows: Iterable[Any], message: Remark) -> None:
        """Write the history lines of a bulk change, one statement for all of them."""
        note(request, rows, message)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return super().log_addition(request, obj, message.stored if isinstance(message, Remark) else message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return super().log_change(request, obj, message.stored if isinstance(message, Remark) else message)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        for entry in (getattr(response, "context_data", None) or {}).get("action_list", ()):
            told(entry)
        return response  # type: ignore[no-any-return,unused-ignore]

    def page(self, name: str, *args: Any) -> str:
        """The address of one of this model's pages: `changelist`, `change`, `add`, `history` …

        Of a row that there cannot be, that of the list.
        """
        opts = self.model._meta
        prefix = f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}"
        try:
            return reverse(f"{prefix}_{name}", args=args)
        except NoReverseMatch:
            if not args:
                raise
            return reverse(f"{prefix}_changelist")


class ReadOnly:
    """Nobody adds, changes or deletes these by hand: they are the record, or made from it."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, BaremeAdmin):
    """A ledger: lists and shows."""


class ReadOnlyInline(ReadOnly, TabularInline):  # type: ignore[misc,unused-ignore]
    """Rows shown on their owner's page; a short page of them, never all."""

    extra = 0
    max_num = 0
    can_delete = False
    per_page = 20
    show_change_link = False
    hide_title = True
    empty_value_display = NOTHING
