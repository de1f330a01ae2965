"""The list of contacts: pages that no statement could sort or count in time come from the columns themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.views import ChangeList

from contacts import columns
from contacts.admin_base import CappedPaginator
from contacts.columns import Among, Page
from contacts.models import Contact, Stage
from contacts.sampling import are_more
from contacts.sql import one_of

OWN = ("who", "at_company", "at_stage", "tagged")  # columns before those of the apps above


def ordering(request: HttpRequest) -> dict[str, int]:
    """What the list is sorted by with `?o=`, for each column of an app above that the user may see."""
    seen = [one for one in columns.in_order() if not one.permission or request.user.has_perm(one.permission)]
    return {column.key: place for place, column in enumerate(seen, len(OWN) + 1)}  # after a box to tick


class SamplingPaginator(CappedPaginator):
    """Counts nothing where a sample says that there are more than it would count."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return self.limit if isinstance(rows, QuerySet) and are_more(rows, self.limit) else self.counted()


class ContactList(ChangeList):  # type: ignore[misc,unused-ignore]
    """A click on a contact leads to its page; editing is one click further."""

    root_queryset: QuerySet[Contact]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Contact]:
        for column in self.model_admin.contact_columns(request):
            self.root_queryset = column.annotate(self.root_queryset)  # before it is sorted by one of them
        return super().get_queryset(request, exclude_parameters).prefetch_related("tags")  # type: ignore[no-any-return,unused-ignore]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if found := self._sorted_by():
            ids = self._ids(request, *found)
            contacts = self.queryset.order_by().in_bulk(ids)
            self.result_list = [contacts[pk] for pk in ids if pk in contacts]

    def _sorted_by(self) -> tuple[Page, bool, str] | None:
        """How pages come where the list is sorted by one column alone: whose, lowest first or not, and its key.

        Where nobody asked for an order: by the column that says who comes first; who searches knows whom they mean. The
        heading does not say so: a click on another one would sort by two columns, which takes long.
        """
        chosen = self.get_ordering_field_columns()
        if ORDER_VAR not in self.params and not self.query and (usual := self._usual()) and usual.page:
            return usual.page, not usual.ordering.startswith("-"), usual.key
        if len(chosen) != 1:
            return None
        index, direction = next(iter(chosen.items()))
        shown = self.list_display[index] if index < len(self.list_display) else ""
        if shown in PAGES:
            return PAGES[shown], direction == "asc", shown
        column: columns.Column | None = getattr(shown, "column", None)
        if column is None or column.page is None:
            return None
        return column.page, (direction == "desc") == column.ordering.startswith("-"), column.key

    def _usual(self) -> columns.Column | None:
        shown = (getattr(one, "column", None) for one in self.list_display)
        return next((column for column in shown if column and column.is_usual), None)

    def _ids(self, request: HttpRequest, page: Page, lowest: bool, key: str) -> list[int]:
        """The ids of this page. Bounds of the column it is sorted by are the column's own to keep."""
        start, first, last, queryset = (self.page_num - 1) * self.list_per_page, None, None, self.queryset
        for chosen in self.filter_specs:
            if getattr(chosen, "parameter_name", None) == key and (bounds := chosen.bounds()) != (None, None):
                first, last = bounds
                queryset = self.get_queryset(request, exclude_parameters=chosen.expected_parameters())
        return page(_among(queryset), start, self.list_per_page, lowest=lowest, first=first, last=last)

    def url_for_result(self, result: Contact) -> str:
        return reverse("admin:contacts_contact_overview", args=[result.pk])


def _among(contacts: QuerySet[Contact]) -> Among:
    def among(ids: Sequence[int] | None) -> QuerySet[Contact]:
        found = contacts.order_by()
        return found if ids is None else found.filter(pk__in=one_of(ids))

    return among


def by_company(among: Among, start: int, count: int, *, lowest: bool = False, **bounds: Any) -> list[int]:
    """Sorted by the company's name, along its index; those without one behind in either direction."""
    name = Lower("company__name")
    employed = among(None).filter(
        company__name__isnull=False
    )  # so that it is no outer join, which would be sorted whole
    ids = employed.order_by(name.asc() if lowest else name.desc(), "-pk").values_list("pk", flat=True)
    return _filled([ids, _newest(among(None).filter(company__isnull=True))], start, count)


def by_stage(among: Among, start: int, count: int, *, lowest: bool = False, **bounds: Any) -> list[int]:
    """Sorted by the stage's position, one after the other; those without one behind in either direction."""
    stages = Stage.objects.order_by("position" if lowest else "-position")
    parts = [_newest(among(None).filter(stage=stage)) for stage in stages]
    return _filled([*parts, _newest(among(None).filter(stage__isnull=True))], start, count)


PAGES: dict[Any, Page] = {"at_company": by_company, "at_stage": by_stage}


def _newest(contacts: QuerySet[Contact]) -> QuerySet[Any, int]:
    return contacts.order_by("-pk").values_list("pk", flat=True)


def _filled(parts: Sequence[QuerySet[Any, int]], start: int, count: int) -> list[int]:
    """A page of several lists, one after the other."""
    found: list[int] = []
    for part in parts:
        found += part[start : start + count - len(found)]
        if len(found) == count:
            break
        start = 0 if found else start - part[:start].count()
    return found
