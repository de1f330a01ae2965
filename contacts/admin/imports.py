"""Importing contacts: choose a file, see what it would do, let it run, read what went wrong. And exporting them."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from import_export.admin import ImportExportMixin
from kombu.exceptions import OperationalError
from unfold.contrib.import_export.forms import SelectableFieldsExportForm
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from contacts import exports
from contacts.imports import jobs, targets
from contacts.models import Contact, Import, Segment
from contacts.tasks import carry_import
from contacts.wording import labelled, strung, whole

MAX_BYTES = 200_000_000
SHOWN_ROWS = 8
SHOWN_ERRORS = 100
logger = logging.getLogger(__name__)


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        widget=UnfoldAdminFileFieldWidget,
        help_text=_("With a header line. Commas, semicolons or tabs; UTF-8 or as Excel saves it."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(
                _("The file is larger than %(limit)d MB: please cut it up."), params={"limit": MAX_BYTES // 10**6}
            )
        return file


class MappingForm(forms.Form):
    """For each column of the file where it goes; and a segment for everybody."""

    def __init__(self, job: Import, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("– leave out –")), *((target.key, target.label) for target in targets.available())]
        for index, (header, key) in enumerate(zip(job.headers, job.mapping, strict=True)):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=header, choices=choices, required=False, initial=key, widget=UnfoldAdminSelectWidget
            )
        self.fields["segment"] = forms.ModelChoiceField(
            Segment.objects.filter(archived_at__isnull=True),
            label=_("Put everybody into the segment"),
            required=False,
            initial=job.segment_id,
            widget=UnfoldAdminSelectWidget,
        )

    @property
    def mapping(self) -> list[str]:
        return [self.cleaned_data[name] for name in self.fields if name.startswith("column_")]


class ExportForm(SelectableFieldsExportForm):  # type: ignore[misc,unused-ignore]
    """The library's, with the names our pages use for the columns, and a format chosen already."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["format"].initial = "0"
        labels = exports.labels()
        for name, field in self.fields.items():
            if getattr(field, "is_selectable_field", False):
                field.label = labels.get(name.removeprefix("contactresource_"), field.label)


class ImportingExporting(ImportExportMixin):  # type: ignore[misc,unused-ignore]
    """What the contact list gets from django-import-export: its buttons, its export form, its pages' places."""

    resource_classes = [exports.ContactResource]
    export_form_class = ExportForm
    formats = [exports.Csv, exports.ExcelCsv]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("import/<int:pk>/", view(self.import_page), name="contacts_import_page"),
            path("import/<int:pk>/status/", view(self.import_status), name="contacts_import_status"),
            path("import/<int:pk>/errors.csv", view(self.import_errors), name="contacts_import_errors"),
            *super().get_urls(),
        ]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    # Import

    def import_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Choose a file. Nothing changes before it was looked at and confirmed on its own page."""
        self._may_import(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                job = jobs.stage(upload.file, upload.name, request.user)
                return HttpResponseRedirect(_address(job))
            except ValidationError as error:
                form.add_error("file", error)
        context = {"form": form, "known": targets.available(), "recent": Import.objects.select_related("author")[:10]}
        return self._answer(request, "contacts/import.html", _("Import contacts"), context)

    def import_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One import: before it starts, while it runs, and after."""
        job = self._import(request, pk)
        form = MappingForm(job, request.POST if request.method == "POST" and job.state == Import.State.DRAFT else None)
        if request.method == "POST":
            if "cancel" in request.POST:
                jobs.cancel(job)
                return HttpResponseRedirect(_address(job))
            if self._remapped(request, job, form) and "start" in request.POST:
                _start(job)
            if not form.errors:
                return HttpResponseRedirect(_address(job))
        context: dict[str, Any] = {"job": job, "form": form, "errors": list(_errors(job, SHOWN_ERRORS))}
        if job.state == Import.State.DRAFT:
            context |= _preview(job)
        return self._answer(request, "contacts/import_page.html", job.name, context)

    def import_status(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._import(request, pk)
        return JsonResponse({"going": job.is_going, "percent": job.percent, "sentence": _sentence(job)})

    def import_errors(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """The lines that failed, as a file: mended there, it can be imported again."""
        job = self._import(request, pk)
        answer = StreamingHttpResponse(_report(job), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="errors-{job.pk}.csv"'
        return answer

    def _may_import(self, request: HttpRequest) -> None:
        if not self.has_import_permission(request):
            raise PermissionDenied

    def _import(self, request: HttpRequest, pk: int) -> Import:
        self._may_import(request)
        job = Import.objects.select_related("author", "segment").filter(pk=pk).first()
        if job is None:
            raise Http404
        return job

    def _remapped(self, request: HttpRequest, job: Import, form: MappingForm) -> bool:
        if job.state != Import.State.DRAFT or not form.is_valid():
            return False
        try:
            jobs.remap(job, form.mapping)
        except ValidationError as error:
            form.add_error(None, error)
            return False
        Import.objects.filter(pk=job.pk).update(segment=form.cleaned_data["segment"])
        return True

    def _answer(self, request: HttpRequest, template: str, title: Any, context: dict[str, Any]) -> HttpResponse:
        page = self.admin_site.each_context(request) | {"title": title, "opts": self.opts} | context
        return TemplateResponse(request, template, page)

    # Export

    def _do_file_export(
        self, file_format: exports.Csv, request: HttpRequest, queryset: QuerySet[Contact], export_form: Any = None
    ) -> StreamingHttpResponse:
        only = export_form.get_selected_resource_export_fields() if export_form else None
        return self.download(request, queryset, file_format, only)

    def download(
        self, request: HttpRequest, contacts: QuerySet[Contact], file_format: exports.Csv, only: Any = None
    ) -> StreamingHttpResponse:
        lines = exports.stream(contacts, file_format, only)
        answer = StreamingHttpResponse(lines, content_type=file_format.get_content_type())
        answer["Content-Disposition"] = 'attachment; filename="contacts.csv"'
        return answer


def _address(job: Import) -> str:
    return reverse("admin:contacts_import_page", args=[job.pk])


def _start(job: Import) -> None:
    """Small files are imported while the page loads, large ones by a worker."""
    if not jobs.start(job):
        return
    if job.total <= jobs.INLINE:
        jobs.advance(job.pk)
        return
    try:
        carry_import.delay(job.pk)
    except OperationalError:
        logger.exception("the worker could not be rung; sweep_imports will take the import up")


def _preview(job: Import) -> dict[str, Any]:
    look = jobs.look(job)
    names = {target.key: target.label for target in targets.available()}
    keys = [key for key in job.mapping if key]
    rows = job.rows.order_by("line")[:SHOWN_ROWS]
    return {
        "look": look,
        "looked_at": len(look.rows),
        "errors": [(row.line, header, sentence) for row in look.wrong for header, sentence in row.errors][
            :SHOWN_ERRORS
        ],
        "columns": [names.get(key, key) for key in keys],
        "sample": [
            (
                row.line,
                [row.cells[index] if index < len(row.cells) else "" for index, key in enumerate(job.mapping) if key],
            )
            for row in rows
        ],
    }


def _errors(job: Import, limit: int) -> Iterator[tuple[int, str, str]]:
    for row in job.rows.exclude(errors=[]).order_by("line")[:limit]:
        for header, sentence in row.errors:
            yield row.line, header, sentence


def _report(job: Import) -> Iterator[str]:
    def written(cells: list[Any]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([exports.harmless(cell) for cell in cells])
        return buffer.getvalue()

    yield "\ufeff" + written([*job.headers, _g("line"), _g("error")])
    for row in job.rows.exclude(errors=[]).order_by("line").iterator(chunk_size=1000):
        cells = [*row.cells, *[""] * len(job.headers)][: len(job.headers)]
        said = strung(labelled(header, sentence) if header else sentence for header, sentence in row.errors)
        yield written([*cells, row.line, said])


def _sentence(job: Import) -> str:
    return _g("%(done)s of %(total)s lines: %(created)s new, %(updated)s updated, %(failed)s with errors.") % {
        name: whole(getattr(job, name)) for name in ("done", "total", "created", "updated", "failed")
    }
