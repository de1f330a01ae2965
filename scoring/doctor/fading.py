"""Rules about who a contact is, in a group whose points fade: still true, and worth less every day."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from scoring import wording
from scoring.doctor.chart import Chart
from scoring.doctor.findings import Examination, Finding, Severity, examinations


@examinations.register
class FadingProfiles(Examination):
    key = "fading_profile"
    label = _("Facts that fade")

    def findings(self, chart: Chart) -> Iterable[Finding]:
        return [
            Finding(
                Severity.NOTE,
                (rule.action, rule.group),
                _g("“%(rule)s” fades although it is still true.") % {"rule": rule.action.name},
                _g("It is about who the contact is, but points in “%(group)s” are %(fading)s.")
                % {"group": rule.group.name, "fading": wording.half_life(rule.group.half_life_days)},
                _g("Move the rule to a group without a half-life: there it counts in full while it is true."),
            )
            for rule in chart.rules
            if rule.version.kind is None and rule.group.half_life_days is not None
        ]
