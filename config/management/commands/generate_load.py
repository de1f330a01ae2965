"""`manage.py generate_load`: a big instance to measure with, made in minutes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config.load import load
from config.load.plan import Plan


class Command(BaseCommand):
    help = (
        "Fill an empty database with generated contacts, events and rules, scored, to measure with. "
        "Refuses a database that is in use; deletes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--contacts", type=int, default=Plan.contacts)
        parser.add_argument("--events", type=int, default=Plan.events, help="over the twelve months before --until")
        parser.add_argument("--actions", type=int, default=Plan.actions, help="point actions")
        parser.add_argument("--seed", type=int, default=Plan.seed, help="the same seed makes the same data")
        parser.add_argument("--until", help="when the history ends, such as 2026-01-31T12:00Z (default: now)")
        parser.add_argument("--workers", type=int, default=Plan.workers, help="processes")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("contacts", "events", "actions", "seed", "workers")
        if min(options[name] for name in names if name != "seed") < 1:
            raise CommandError("--contacts, --events, --actions and --workers are numbers above 0.")
        until = timezone.now() if options["until"] is None else parse_datetime(options["until"])
        if until is None or timezone.is_naive(until):
            raise CommandError("--until is a moment with its time zone, such as 2026-01-31T12:00Z.")
        try:
            load.generate(Plan(**{name: options[name] for name in names}, until=until), self._say)
        except load.InUse as found:
            raise CommandError(f"This database is in use ({found}): make an empty one and set DATABASE_URL.") from None

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
