"""manage.py reconcile: prove that ledger, scores and replay agree, for every contact."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _g
from django.utils.translation import ngettext

from config import pipeline
from contacts.models import Contact
from scoring import reconciliation, sweeps
from scoring.reconciliation import Finding

LISTED = 100


class Command(BaseCommand):
    help = "Prove that ledger, scores and a replay of all events agree; report each difference; repair on request."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="make what differs anew; what it crosses is held")
        parser.add_argument("--all", action="store_true", help=f"list every difference, not only the first {LISTED}")
        parser.add_argument("--range", type=int, default=5000, help="contacts looked at together (memory)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["range"] < 1:
            raise CommandError(_g("--range must be 1 or more."))
        most = sys.maxsize if options["all"] else LISTED
        seen, found = self._look(options["range"], most)
        if not found:
            self.stdout.write(_g("%(count)d contacts: ledger, scores and replay agree.") % {"count": seen})
            return
        contacts = sorted({finding.contact_id for finding in found})
        self.stdout.write(
            ngettext("%(count)d contact differs.", "%(count)d contacts differ.", len(contacts))
            % {"count": len(contacts)}
        )
        if not options["repair"]:
            raise CommandError(_g("Run it again with --repair to make their scores anew."))
        repair = sweeps.owe_repair(contacts)
        pipeline.drain()
        repair.refresh_from_db()
        _seen, left = self._look(options["range"], most)
        if left or not repair.finished_at:
            raise CommandError(_g("Some differences are still there."))
        self.stdout.write(_g("Repaired. What crossed a threshold waits for release among the firings."))

    def _look(self, size: int, most: int) -> tuple[int, list[Finding]]:
        """How many contacts were looked at, and what is wrong with them, of which so many are listed."""
        seen = 0
        found: list[Finding] = []
        for count, findings in reconciliation.findings(size):
            seen += count
            listed = findings[: max(0, most - len(found))]
            contacts = Contact.objects.in_bulk({finding.contact_id for finding in listed})
            for finding in listed:
                self.stdout.write(f"{contacts.get(finding.contact_id)} ({finding.contact_id}): {_told(finding)}")
            found += findings
        if (more := len(found) - most) > 0:
            text = ngettext("… and %(count)d difference more", "… and %(count)d differences more", more)
            self.stdout.write(text % {"count": more})
        return seen, found


def _told(finding: Finding) -> str:
    values = {"name": finding.name, "due": finding.due, "found": finding.found}
    if finding.what == "score":
        return _g("score of “%(name)s” is %(found)s, should be %(due)s") % values
    return _g("line of “%(name)s” is %(found)s, should be %(due)s") % values
