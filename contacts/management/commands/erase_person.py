"""`manage.py erase_person EMAIL`: erase a person for good, after the address was typed again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _g

from contacts import privacy
from contacts.fields import normalise_email
from contacts.models import Contact


class Command(BaseCommand):
    help = "Erase a person for good. What they did stays as facts about nobody, so that counts stay right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of the contact")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--reason", default="", help="noted with the erasure; do not name the person")

    def handle(self, *args: Any, **options: Any) -> None:
        email = normalise_email(options["email"])
        contact = Contact.objects.filter(email__iexact=email).first()
        if contact is None:
            raise CommandError(_g("There is no contact with the email %(email)s.") % {"email": options["email"]})
        if options["dry_run"]:
            found = privacy.count(contact.pk)
            self._say(found.counts if found else {})
            return
        if not options["yes"] and normalise_email(input(_g("This cannot be undone. Type the email again: "))) != email:
            raise CommandError(_g("That is not the same address: nothing was erased."))
        done = privacy.erase(contact.pk, reason=options["reason"])
        self._say(done.counts if done else {})

    def _say(self, counts: dict[str, int]) -> None:
        for name, rows in sorted(counts.items()):
            self.stdout.write(f"{rows:>8}  {name}")
