"""Rebuild dynamic segments now, and say what changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contacts import segments
from contacts.models import Segment


class Command(BaseCommand):
    help = "Rebuild all dynamic segments, or those named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="segments to rebuild (all by default)")

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        found = Segment.objects.filter(is_dynamic=True, archived_at__isnull=True)
        if names:
            found = found.filter(name__in=names)
            if missing := set(names) - set(found.values_list("name", flat=True)):
                raise CommandError(f"There is no dynamic segment named {', '.join(sorted(missing))}.")
        for segment in [segment for level in segments.levels(list(found)) for segment in level]:
            done = segments.rebuild(segment)
            self.stdout.write(f"{segment.name}: {done.entered} entered, {done.left} left ({done.ms} ms)")
