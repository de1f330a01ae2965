"""`manage.py explain EMAIL`: why a contact has the score they have, now or at any moment, line by line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from contacts.fields import normalise_email
from contacts.models import Contact
from scoring.explain import almost, explain, letter_pdf, moments, tables
from scoring.explain import letter as letters
from scoring.management.groups import named
from scoring.rulebook import Rulebook


class Command(BaseCommand):
    help = "Explain a contact's score: every line with its rule, and what almost counted. The lines add up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of the contact")
        parser.add_argument("--group", help="the lines of this point group alone")
        parser.add_argument(
            "--at", metavar="TIME", help="as of then: 2026-03-02 (the end of that day) or 2026-03-02T14:30"
        )
        parser.add_argument(
            "--rules", choices=["then", "today"], default="then", help="with --at: the rules in force then, or today's"
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--letter", metavar="FILE", help="write a page for the person instead: a .pdf or .html file"
        )
        parser.add_argument(
            "--language", choices=letters.LANGUAGES, default=settings.LANGUAGE_CODE, help="of the letter"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        contact = self._contact(options["email"])
        if options["letter"] is not None:
            return self._letter(contact, options)
        group = named(options["group"]) if options["group"] is not None else None
        at = _moment(options["at"]) if options["at"] is not None else None
        book = Rulebook.current() if at and options["rules"] == "today" else None
        statement = explain(contact, group=group, at=at, book=book)
        missed = almost(contact, at=at, book=book)
        if options["json"]:
            found = {"contact": contact.pk, "email": contact.email, "at": at and at.isoformat()}
            self.stdout.write(json.dumps(found | tables.data(statement, missed), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(tables.text(statement, missed))

    def _letter(self, contact: Contact, options: dict[str, Any]) -> None:
        file = Path(options["letter"])
        if file.suffix not in (".pdf", ".html"):
            raise CommandError(_("A letter is a .pdf or an .html file."))
        if options["group"] is not None or options["json"] or options["rules"] != "then":
            raise CommandError(
                _(
                    "A letter explains the whole score by the rules of then: --letter goes with --language and --at only."
                )
            )
        at = _moment(options["at"]) if options["at"] is not None else None
        found = letters.letter(contact, options["language"], at)
        try:
            file.write_bytes(letter_pdf.pdf(found) if file.suffix == ".pdf" else found.html().encode())
        except OSError as error:
            raise CommandError(str(error)) from None

    def _contact(self, email: str) -> Contact:
        """The contact of this address; one that was merged leads to whom it was merged into."""
        contact = Contact.objects.filter(email__iexact=normalise_email(email) or "").first()
        if contact is None:
            raise CommandError(_("There is no contact with the email %(email)s.") % {"email": email})
        while contact.merged_into:
            contact = contact.merged_into
            self.stderr.write(_("%(email)s has been merged into %(contact)s.") % {"email": email, "contact": contact})
        return contact


def _moment(text: str) -> datetime:
    try:
        return moments.read(text)
    except moments.UnclearMoment as error:
        raise CommandError(str(error)) from None
