"""`manage.py apply_retention`: let go of everything that is no longer kept, as the settings say, now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _g

from contacts.models import RetentionRun
from contacts.privacy.retention import in_order, policies, runs


class Command(BaseCommand):
    help = "Let go of what is older than it is kept. Short steps, safe beside everything else; interrupted, it goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self._count()
            return
        run = runs.ask()
        runs.carry(run.pk)
        run = RetentionRun.objects.get(pk=run.pk)
        for kind in in_order():
            if kind.key in run.counts:
                self._say(run.counts[kind.key], kind.key)
        if run.errors:
            raise CommandError(
                _g("These could not be let go of: %(kinds)s.") % {"kinds": ", ".join(sorted(run.errors))}
            )
        if run.finished_at is None:
            raise CommandError(_g("Another process is carrying this run on."))

    def _count(self) -> None:
        lengths = policies.lengths()
        for kind in in_order():
            due = policies.due(kind, lengths[kind.key])
            if due:
                proposed = " " + _g("(only proposed)") if kind.is_proposed else ""
                self._say(kind.count(due), kind.key + proposed)

    def _say(self, count: int, name: str) -> None:
        self.stdout.write(f"{count:>10}  {name}")
