"""The page of the rule doctor: what is wrong with the rules, the worst first, each with a link to where it is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _g
from django.utils.translation import ngettext

from scoring.doctor import Chart, Finding, Severity, examinations, examine
from scoring.doctor.silence import DAYS


@dataclass(frozen=True)
class Place:
    """A row a finding is about, and its page."""

    kind: str
    name: str
    url: str


def page(request: HttpRequest) -> HttpResponse:
    """Findings about rows that the user may not see are left out."""
    if not request.user.has_perm("scoring.view_pointaction"):
        raise PermissionDenied
    chart = Chart()
    shown = [finding for finding in examine(chart) if _may_see(request, finding.rows)]
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": _g("Rule doctor"),
        "chapters": [(severity, chapter) for severity in Severity if (chapter := _chapter(severity, shown))],
        "examinations": [examination.label for examination in examinations],
        "young": _young(len(chart.rules) - len(chart.older_than(DAYS))),
    }
    return TemplateResponse(request, "scoring/doctor.html", context)


def _young(count: int) -> str:
    if not count:
        return ""
    sentence = ngettext(
        "%(count)d rule has counted for less than %(days)d days: whether anything matches it is not judged yet.",
        "%(count)d rules have counted for less than %(days)d days: whether anything matches them is not judged yet.",
        count,
    )
    return sentence % {"count": count, "days": DAYS}


def _may_see(request: HttpRequest, rows: Iterable[Model]) -> bool:
    models = {row._meta for row in rows}
    return all(request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}") for opts in models)


def _chapter(severity: Severity, shown: list[Finding]) -> list[tuple[Finding, Any, list[Place]]]:
    return [
        (finding, examinations[finding.examination].label, [_place(row) for row in finding.rows])
        for finding in shown
        if finding.severity == severity
    ]


def _place(row: Model) -> Place:
    opts = row._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    return Place(str(opts.verbose_name), str(row), url)
