"""What the rule doctor finds, and the examinations by which it finds it: each is one file and registers itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.db.models import Model, TextChoices
from django.utils.translation import gettext_lazy as _

from contacts.registry import Registry
from scoring.doctor.chart import Chart


class Severity(TextChoices):
    """The worst first."""

    PROBLEM = "problem", _("Cannot work as it stands")
    WARNING = "warning", _("Probably not what was meant")
    NOTE = "note", _("Good to know")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in a marketer's words. `rows`: what it is about; the first is where to change something."""

    severity: Severity
    rows: tuple[Model, ...]
    what: str
    why: str
    advice: str
    examination: str = ""


class Examination:
    """Looks for one kind of fault. Those of a higher `order` come later, and find in `chart` what was explained before."""

    key: str  # in the JSON of `manage.py doctor`: never rename
    label: Any
    order: ClassVar[int] = 10

    def findings(self, chart: Chart) -> Iterable[Finding]:
        raise NotImplementedError


examinations: Registry[Examination] = Registry("examination")


def examine(chart: Chart | None = None) -> list[Finding]:
    """All findings about the rules in force, the worst first. Writes nothing."""
    chart = chart or Chart()
    found = [
        replace(finding, examination=examination.key)
        for examination in sorted(examinations, key=lambda examination: examination.order)
        for finding in examination.findings(chart)
    ]
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity))
