"""Rules that nothing has matched for half a year."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from scoring import sql, wording
from scoring.doctor.chart import Chart, InForce
from scoring.doctor.findings import Examination, Finding, Severity, examinations

DAYS = 180


@examinations.register
class Silence(Examination):
    key = "silent_rule"
    label = _("Rules that nothing matches")

    def findings(self, chart: Chart) -> Iterable[Finding]:
        """A rule that has counted the same things for less than that is too young to tell."""
        old = chart.older_than(DAYS)
        since = chart.ago(DAYS)
        matched = sql.matched_by_events([rule.version.pk for rule in old if rule.version.kind is not None], since)
        matched |= sql.matched_by_profiles([rule.version.pk for rule in old if rule.version.kind is None], since)
        silent = [rule for rule in old if rule.version.pk not in matched]
        chart.explained.update(rule.action.pk for rule in silent)
        said = wording.sentences([rule.version for rule in silent])
        return [_finding(rule, sentence) for rule, sentence in zip(silent, said, strict=True)]


def _finding(rule: InForce, sentence: str) -> Finding:
    values = {"rule": rule.action.name, "days": DAYS}
    if rule.version.kind is None:
        return Finding(
            Severity.WARNING,
            (rule.action,),
            _g("“%(rule)s” has been true of nobody for %(days)d days.") % values,
            _g("It asks for: %(what)s. As long as no contact is like that, it tells nobody apart.")
            % {"what": sentence},
            _g(
                "See whether the condition is spelled as your contacts' data are, and whether those data still come in. If it "
                "is no longer needed, archive it."
            ),
        )
    return Finding(
        Severity.WARNING,
        (rule.action,),
        _g("“%(rule)s” has matched nothing for %(days)d days.") % values,
        _g("It waits for: %(what)s. Nothing of the kind has come in from anybody we know.") % {"what": sentence},
        _g(
            "See whether the page, form or email still exists and is tracked, and whether its address has changed. If the rule "
            "is no longer needed, archive it: the points it gave stay explained."
        ),
    )
