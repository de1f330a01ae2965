"""`manage.py load_demo`: a believable company with six months of history, once."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.demo_world import load


class Command(BaseCommand):
    help = (
        "Load the demo world: a small French company, its contacts and six months of their behaviour. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--contacts", type=int, default=load.CONTACTS, help="how many contacts (at least 20)")
        parser.add_argument(
            "--language",
            choices=["fr", "en"],
            default=os.environ.get("DEMO_LANGUAGE", "fr"),
            help="of the names marketers gave to things; the interface follows each user (default: DEMO_LANGUAGE, or fr)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        load.load(options["language"], max(20, options["contacts"]), self._say)

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
