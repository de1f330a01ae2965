"""A copy of everything about a person: data for programs, a page for people, and the files that belong to it, in a ZIP.

Rows are read once, some at a time, and written at once to both: a long history needs no more memory than a short one.
"""

from __future__ import annotations

import json
import re
import shutil
import time
import zipfile
from dataclasses import dataclass
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html

from contacts.models import Contact
from contacts.privacy.parts import File, Person, Section, in_order, words

FORMAT = 1  # of data.json: raised when a key changes its meaning
IN_MEMORY = 1_000_000  # bytes of the page that wait in memory; more wait on disk
ROWS = "<!-- rows -->"  # where the template has the rows


@dataclass(frozen=True)
class Shown:
    """A section that the page shows, once its rows are written."""

    key: str
    title: Any
    count: int


@dataclass(frozen=True)
class Export:
    """What is held about a person at a moment."""

    person: Person
    at: datetime
    sections: list[Section]
    files: list[File]

    def write(self, target: IO[bytes]) -> None:
        """Write the ZIP: data.json, data.html and the files. A file that is gone from the disk is left out."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, SpooledTemporaryFile(IN_MEMORY) as rows:
            with archive.open(_entry("data.json"), "w") as data:
                shown = self.write_data(data, rows)
            rows.seek(0)
            with archive.open(_entry("data.html"), "w") as page:
                self._write_page(page, shown, rows)
            for file in self.files:
                try:
                    source = file.open()
                except OSError:
                    continue
                with source, archive.open(_entry(f"files/{safe(file.name)}"), "w") as copied:
                    shutil.copyfileobj(source, copied)

    def write_data(self, data: IO[bytes], page: IO[bytes] | None = None) -> list[Shown]:
        """Write data.json (docs/privacy.md tells of its keys), a row a line, and the same rows in words to `page`."""
        head = {"format": FORMAT, "made_at": self.at.isoformat(), "contact_ids": list(self.person.ids)}
        data.write(_json(head)[:-1])
        shown = []
        with transaction.atomic():  # where a cursor on the server gives the rows out some at a time
            for section in self.sections:
                data.write(b",\n%s: [" % _json(section.key))
                if count := _write_rows(section, data, page):
                    shown.append(Shown(section.key, section.title, count))
                data.write(b"]")
        data.write(b"}\n")
        return shown

    def _write_page(self, page: IO[bytes], shown: list[Shown], rows: IO[bytes]) -> None:
        """The page in the active language, which needs nothing else."""
        context = {"who": str(self.person.contact), "at": words(self.at), "shown": shown, "rows": ROWS}
        head, _mark, foot = render_to_string("contacts/privacy/copy.html", context).partition(ROWS)
        page.write(head.encode())
        shutil.copyfileobj(rows, page)
        page.write(foot.encode())


def _write_rows(section: Section, data: IO[bytes], page: IO[bytes] | None) -> int:
    """Write the rows of a section; how many the page shows."""
    count = 0
    tell = section.teller()
    for number, row in enumerate(section.read()):
        data.write((b",\n" if number else b"\n") + _json(section.values(row)))
        if page and (told := tell(row)):
            if not count:
                page.write(format_html('<section id="{}">\n<h2>{}</h2>\n', section.key, section.title).encode())
            page.write(told.encode())
            count += 1
    if page and count:
        page.write(b"</section>\n")
    return count


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, time.localtime()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


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
