"""A page of statistics for each form, landing page and asset, and its CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from contacts.admin_base import BaremeAdmin, guarded
from contacts.exports import harmless
from contacts.wording import labelled
from tracking import statistics
from tracking.statistics import Report, Span

HIGH, WIDE = 180, 900


@dataclass(frozen=True)
class Bar:
    x: float
    width: float
    height: float
    label: str

    @property
    def y(self) -> float:
        return HIGH - self.height


class WithStatistics(BaremeAdmin):
    """Adds `<id>/statistics/` (`?csv=1` for the file) and a button; `report` says what is counted."""

    def report(self, row: Any, days: Span) -> Report:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        opts = self.model._meta
        view = self.admin_site.admin_view(self.statistics_view)
        name = f"{opts.app_label}_{opts.model_name}_statistics"
        return [path("<int:object_id>/statistics/", view, name=name), *super().get_urls()]

    @action(description=_("Statistics"), icon="bar_chart", permissions=["view"])
    def see_statistics(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(self.page("statistics", object_id))

    @guarded("view")
    def statistics_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = self.model._default_manager.filter(pk=object_id).first()
        if row is None:
            raise Http404
        days = statistics.span(request.GET.get("from", ""), request.GET.get("to", ""))
        report = self.report(row, days)
        if "csv" in request.GET:
            return _csv(report, f"{self.model._meta.model_name}-{object_id}")
        context = {
            **self.admin_site.each_context(request),
            "title": _g("Statistics of %(name)s") % {"name": row},
            "opts": self.model._meta,
            "original": row,
            "row": row,
            "back": self.page("change", object_id),
            "report": report,
            "bars": bars(report),
            "most": max((count for _day, count in report.days), default=0),
            "wide": WIDE,
            "high": HIGH,
        }
        return TemplateResponse(request, "tracking/admin/statistics.html", context)


def bars(report: Report) -> list[Bar]:
    """The days as bars of a drawing HIGH by WIDE."""
    most = max((count for _day, count in report.days), default=0) or 1
    step = WIDE / max(len(report.days), 1)
    return [
        Bar(
            round(at * step, 2),
            round(step * 0.8, 2),
            round(count / most * (HIGH - 10), 2),
            labelled(date_format(day, "SHORT_DATE_FORMAT"), count),
        )
        for at, (day, count) in enumerate(report.days)
    ]


def _csv(report: Report, name: str) -> HttpResponse:
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)

    def write(*cells: Any) -> None:
        writer.writerow([harmless(str(cell)) for cell in cells])

    write(_g("from"), report.span.first.isoformat())
    write(_g("to"), report.span.last.isoformat())
    for figure in report.figures:
        write(figure.label, figure.value, figure.note)
    write()
    write(_g("Day"), report.counted)
    for day, count in report.days:
        write(day.isoformat(), count)
    for table in report.tables:
        write()
        write(table.title)
        write(*table.columns)
        for row in table.rows:
            write(*row)
    return response
