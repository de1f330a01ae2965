"""manage.py doctor: what in the rules cannot work, hides something, feeds on itself or changes nobody's score."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _g
from django.utils.translation import ngettext

from scoring.doctor import Finding, examine


class Command(BaseCommand):
    help = "Examine the point actions, groups, triggers and stages in force, and list what is wrong with them. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON, one list of findings")
        parser.add_argument("--strict", action="store_true", help="exit with code 1 where there is a finding")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine()
        if options["json"]:
            self.stdout.write(orjson.dumps([_plain(finding) for finding in found], option=orjson.OPT_INDENT_2).decode())
        else:
            self._tell(found)
        if found and options["strict"]:
            sys.exit(1)

    def _tell(self, found: list[Finding]) -> None:
        if not found:
            self.stdout.write(_g("All is well: the rule doctor has found nothing."))
            return
        for severity, findings in groupby(found, key=lambda finding: finding.severity):
            self.stdout.write(f"{severity.label}\n")
            for finding in findings:
                where = ", ".join(f"{row._meta.verbose_name} {row.pk}" for row in finding.rows)
                self.stdout.write(f"- {finding.what} [{where}]\n  {finding.why}\n  → {finding.advice}\n")
        self.stdout.write(ngettext("%(count)d finding.", "%(count)d findings.", len(found)) % {"count": len(found)})


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "examination": finding.examination,
        "severity": finding.severity,
        "rows": [{"type": row._meta.label_lower, "id": row.pk, "name": str(row)} for row in finding.rows],
        "what": finding.what,
        "why": finding.why,
        "advice": finding.advice,
    }
