"""Contacts as CSV: streamed, safe to open in a spreadsheet, and readable by our own import."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.resources import ModelResource

from contacts.models import Contact, CustomField, Membership

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")  # full-width ones, too: Excel reads them alike
CHUNK = 1000


class Csv(Format):  # type: ignore[misc,unused-ignore]
    """As programs like it."""

    delimiter, mark = ",", ""

    def get_title(self) -> str:
        return str(_("CSV (UTF-8, commas)"))

    def get_extension(self) -> str:
        return "csv"

    def get_content_type(self) -> str:
        return "text/csv; charset=utf-8"

    def can_export(self) -> bool:
        return True


class ExcelCsv(Csv):
    """As Excel opens it by itself where commas are decimal signs."""

    delimiter, mark = ";", "\ufeff"

    def get_title(self) -> str:
        return str(_("CSV for Excel (semicolons)"))


class ContactResource(ModelResource):  # type: ignore[misc,unused-ignore]
    """The columns of an export: the keys our import knows, today's custom fields among them."""

    company = Field(attribute="company__name", column_name="company")
    owner = Field(attribute="owner__username", column_name="owner")
    stage = Field(attribute="stage__name", column_name="stage")
    tags = Field(column_name="tags")
    segments = Field(column_name="segments")

    class Meta:
        model = Contact
        fields = (
            *("email", "first_name", "last_name", "phone", "company", "job_title", "city", "country", "language"),
            *("time_zone", "owner", "stage", "tags", "segments", "created_at"),
        )
        export_order = fields

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for field in CustomField.objects.filter(archived_at__isnull=True):
            self.fields[field.key] = _CustomValue(field.key)

    def get_export_order(self) -> Sequence[str]:
        ordered = super().get_export_order()
        return [*ordered, *(name for name in self.fields if name not in ordered)]

    def dehydrate_tags(self, contact: Contact) -> str:
        return "|".join(tag.name for tag in contact.tags.all())

    def dehydrate_segments(self, contact: Contact) -> str:
        return "|".join(row.segment.name for row in contact.memberships.all())


class _CustomValue(Field):  # type: ignore[misc,unused-ignore]
    def __init__(self, key: str) -> None:
        super().__init__(column_name=key)
        self.key = key

    def get_value(self, instance: Contact) -> Any:
        value = instance.fields.get(self.key)
        return "|".join(map(str, value)) if isinstance(value, list) else value

    def export(self, instance: Contact, **kwargs: Any) -> Any:
        return self.get_value(instance)


def labels() -> dict[str, str]:
    """What our pages call the columns, by their name."""
    own = {field.name: str(field.verbose_name) for field in Contact._meta.fields}
    custom = {field.key: field.label for field in CustomField.objects.all()}
    more = {"tags": str(_("tags")), "segments": str(_("segments"))}
    return {name: label[:1].upper() + label[1:] for name, label in {**own, **more, **custom}.items()}


def stream(contacts: QuerySet[Contact], format: Csv, only: Iterable[str] | None = None) -> Iterator[str]:
    """The lines of the file, some contacts at a time: memory does not grow with their number."""
    resource = ContactResource()
    wanted = None if only is None else set(only)
    names = [name for name in resource.get_export_order() if wanted is None or name in wanted]
    writer = csv.writer(_Echo(), delimiter=format.delimiter)
    yield format.mark + writer.writerow([resource.fields[name].column_name for name in names])
    members = Membership.objects.filter(is_member=True).select_related("segment")
    complete = contacts.select_related("company", "owner", "stage").prefetch_related(None)
    rows = complete.prefetch_related("tags", Prefetch("memberships", queryset=members))
    for contact in rows.iterator(chunk_size=CHUNK):
        yield writer.writerow([harmless(_value(resource, name, contact)) for name in names])


def harmless(value: Any) -> Any:
    """What a spreadsheet would run as a formula, behind an apostrophe; the import takes it off again."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _value(resource: ContactResource, name: str, contact: Contact) -> Any:
    value = resource.export_field(resource.fields[name], contact)
    return "" if value is None else value


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text
