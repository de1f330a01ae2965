"""Rules whose removal would change nobody's score today."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from scoring import decay, sql, wording
from scoring.doctor.chart import Chart
from scoring.doctor.findings import Examination, Finding, Severity, examinations
from scoring.doctor.silence import DAYS

MOST_LINES = 200_000  # of a version are looked at, to know it in time


@examinations.register
class IdleRules(Examination):
    key = "idle_rule"
    label = _("Rules whose removal changes nobody")
    order = 20

    def findings(self, chart: Chart) -> Iterable[Finding]:
        """Without the rules of which something else found tells why."""
        asked = [rule for rule in chart.older_than(DAYS) if rule.action.pk not in chart.explained]
        effects = sql.effects([rule.action.pk for rule in asked], decay.today(), MOST_LINES)
        for rule in asked:
            values = {"rule": rule.action.name, "group": rule.group.name}
            if rule.action.pk not in effects:
                if rule.version.kind is None:
                    continue  # true of nobody just now
                why = _g("No contact has points of it that are worth anything today.")
                if rule.version.expires_after_days:
                    why += " " + _g("They have expired: %(expiry)s.") % {"expiry": wording.expiry(rule.version)}
                advice = _g("Archive it, or let its points last longer.")
            elif not effects[rule.action.pk]:
                why = _g(
                    "Everybody who has points of it is beyond the bounds of “%(group)s” (%(bounds)s), with and without them."
                ) % (values | {"bounds": wording.bounds(rule.group.floor, rule.group.ceiling)})
                advice = _g(
                    "Widen the bounds of the group, or lower what its other rules bring; else archive this rule."
                )
            else:
                continue
            yield Finding(
                Severity.NOTE,
                (rule.action,),
                _g("Without “%(rule)s”, every score would be the same today.") % values,
                why,
                advice,
            )
