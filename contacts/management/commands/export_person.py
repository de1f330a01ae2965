"""`manage.py export_person EMAIL`: a copy of everything about a person, as a ZIP or as JSON."""

from __future__ import annotations

import io
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _g

from contacts import privacy
from contacts.fields import normalise_email
from contacts.merging import become
from contacts.models import Contact


class Command(BaseCommand):
    help = "Write a copy of everything about a person: a .zip (data.json, data.html, files), or JSON to the terminal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of the contact")
        parser.add_argument("--out", metavar="FILE", help="the ZIP to write; without it, JSON goes to the terminal")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES], help="of the page")

    def handle(self, *args: Any, **options: Any) -> None:
        contact = Contact.objects.filter(email__iexact=normalise_email(options["email"])).first()
        if contact is None:
            raise CommandError(_g("There is no contact with the email %(email)s.") % {"email": options["email"]})
        contact = become(contact)
        found = privacy.export(contact)
        if not options["out"]:
            written = io.BytesIO()
            found.write_data(written)
            self.stdout.write(written.getvalue().decode())
            return
        with translation.override(options["language"] or contact.language or settings.LANGUAGE_CODE):
            with Path(options["out"]).open("wb") as target:
                found.write(target)
        self.stderr.write(_g("Wrote %(file)s.") % {"file": options["out"]})
