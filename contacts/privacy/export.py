"""A copy of everything about a person: data for programs, a page for people, and the files that belong to it, in a ZIP."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from django.template.loader import render_to_string
from django.utils import timezone

from contacts.models import Contact
from contacts.privacy.parts import File, Person, Section, in_order, words

FORMAT = 1  # of data.json: raised when a key changes its meaning


@dataclass(frozen=True)
class Export:
    """What is held about a person at a moment."""

    person: Person
    at: datetime
    sections: list[Section]
    files: list[File]

    def data(self) -> dict[str, Any]:
        """As data.json has it (docs/privacy.md tells of the keys)."""
        return {
            "format": FORMAT,
            "made_at": self.at.isoformat(),
            "contact_ids": list(self.person.ids),
            **{section.key: section.data() for section in self.sections},
        }

    def page(self) -> str:
        """The same as one HTML page in the active language, which needs nothing else."""
        tables = [(section, section.table()) for section in self.sections]
        shown = [(section, rows) for section, rows in tables if rows]
        return render_to_string(
            "contacts/privacy/copy.html",
            {"who": str(self.person.contact), "at": words(self.at), "shown": shown, "files": self.files},
        )

    def write(self, target: IO[bytes]) -> None:
        """Write the ZIP: data.json, data.html and the files. A file that is gone from the disk is left out."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.json", json.dumps(self.data(), ensure_ascii=False, indent=1))
            archive.writestr("data.html", self.page())
            for file in self.files:
                try:
                    with file.open() as source:
                        archive.writestr(f"files/{safe(file.name)}", source.read())
                except OSError:
                    continue


def export(contact: Contact) -> Export:
    """Everything held about a contact, and about those who were merged into it. The rows are read when they are written."""
    person = Person.of(contact)
    found = in_order()
    return Export(
        person,
        timezone.now(),
        [section for part in found for section in part.sections(person)],
        [file for part in found for file in part.files(person)],
    )


def safe(name: str) -> str:
    """A name that stays inside the folder it is unpacked into, whatever the visitor called the file."""
    return re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".")[:150] or "file"
