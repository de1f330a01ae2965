"""Rebuild dynamic segments now, and say what changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _g

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
                unknown = ", ".join(sorted(missing))
                raise CommandError(_g("There is no dynamic segment named %(names)s.") % {"names": unknown})
        for segment in [segment for level in segments.levels(list(found)) for segment in level]:
            done = segments.rebuild(segment)
            counts = {"name": segment.name, "entered": done.entered, "left": done.left, "ms": done.ms}
            self.stdout.write(_g("%(name)s: %(entered)d entered, %(left)d left (%(ms)d ms)") % counts)
