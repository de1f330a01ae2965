"""`manage.py simulate`: visitors come to the running server, so that scores move and triggers fire while one watches."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.demo_world import visitors
from config.demo_world.browser import NotLocal, Unreachable
from config.demo_world.visitors import Plan


class Command(BaseCommand):
    help = "Let visitors come to the running demo: they open mails, click, read, submit forms and download. This machine only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="where Bareme runs (default: PUBLIC_URL)")
        parser.add_argument("--minutes", type=float, default=2, help="at most this long")
        parser.add_argument("--visitors", type=int, default=30, help="at most so many visits")
        parser.add_argument("--speed", type=float, default=1, help="2 is twice as fast")
        parser.add_argument("--seed", type=int, help="the same visitors again")
        parser.add_argument("--mail", type=Path, default=visitors.MAIL, help="the folder of the mail catcher")

    def handle(self, *args: Any, **options: Any) -> None:
        if min(options["minutes"], options["visitors"], options["speed"]) <= 0:
            raise CommandError("--minutes, --visitors and --speed are numbers above 0.")
        names = ("url", "minutes", "visitors", "speed", "seed", "mail")
        plan = Plan(**{name: options[name] for name in names}, say=self._say)
        try:
            came = visitors.play(plan)
        except NotLocal:
            raise CommandError(f"{plan.url} is not on this machine: visitors are simulated here only.") from None
        except Unreachable as error:
            raise CommandError(f"Nothing answers ({error}): start it with make demo, or say --url.") from None
        except KeyboardInterrupt:
            self._say("stopped")
        else:
            self._say(f"{came} visits; the rest is in the admin.")

    def _say(self, line: str) -> None:
        self.stdout.write(f"{timezone.localtime():%H:%M:%S} {line}")
        self.stdout.flush()
