"""A CSV file as people have it: whatever its encoding, byte order mark, delimiter or line ends."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from contacts import exports

DELIMITERS = ",;\t|"
SAMPLE = 64 * 1024
MAX_CELL = 20_000
MAX_COLUMNS = 200
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

Line = tuple[int, list[str]]


def lines(file: IO[bytes]) -> Iterator[Line]:
    """The lines that hold anything, with their number in the file, cells trimmed; the first is the header.

    In bounded memory. Raises ValidationError for what is no CSV.
    """
    text = io.TextIOWrapper(file, encoding=encoding(file), errors="replace", newline="")
    sample = text.read(SAMPLE)
    text.seek(0)
    try:
        reader = csv.reader(_without_nul(text), delimiter=delimiter(sample))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [_plain(cell) for cell in cells[:MAX_COLUMNS]]
    except csv.Error as error:
        raise ValidationError(_("This file cannot be read as CSV: %(error)s."), params={"error": error}) from None
    finally:
        text.detach()


def encoding(file: IO[bytes]) -> str:
    """UTF-8 if all of it is, else what Excel writes in western Europe (cp1252); by its mark where it has one."""
    file.seek(0)
    beginning = file.read(4)
    for mark, name in MARKS.items():
        if beginning.startswith(mark):
            file.seek(0)
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while block := file.read(SAMPLE):
            decoder.decode(block)
        decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)


def delimiter(sample: str) -> str:
    """The one that cuts the header into most columns."""
    header = next((line for line in sample.splitlines() if line.strip()), "")
    return max(
        DELIMITERS, key=lambda sign: (len(next(csv.reader([header], delimiter=sign), [])), -DELIMITERS.index(sign))
    )


def _without_nul(text: io.TextIOWrapper) -> Iterator[str]:
    for line in text:
        yield line.replace("\x00", "")


def _plain(cell: str) -> str:
    """A cell without outer blanks, and without the apostrophe our exports put before what looks like a formula."""
    cell = cell[:MAX_CELL].strip()
    return cell[1:] if cell.startswith("'") and cell[1:2] in exports.FORMULA else cell
