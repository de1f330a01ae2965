"""The letter as PDF: A4, with its typeface inside, so that it looks the same everywhere and needs no font of the system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from scoring.explain.letter import Letter, Part, Row

FAMILY = "firago"
STYLES = {"": "figo", "B": "figbo"}
SHEET = 210  # mm wide, as everything here is in mm but the type
LEAST = 6.5  # points: smaller type is not for reading
INK, QUIET, FAINT = (39, 39, 42), (113, 113, 122), (212, 212, 216)
UNKNOWN = "□"  # in the place of a character that the typeface does not have


@dataclass(frozen=True)
class Setting:
    """How closely a letter is set."""

    scale: float  # of the type
    air: float  # of the room between lines
    margin: float
    when: float  # the widths of columns
    points: float
    is_tight: bool  # what a rule counted stands beside its name where it can, and a group says its sum once


# Whoever earned points by twenty rules still gets one page. All of them name the same.
SETTINGS = [
    Setting(1, 1, 16, 44, 22, is_tight=False),
    Setting(0.92, 0.7, 14, 37, 18, is_tight=True),
    Setting(0.86, 0.5, 12, 34, 16, is_tight=True),
    Setting(0.8, 0.35, 11, 32, 15, is_tight=True),
]


def pdf(letter: Letter) -> bytes:
    """The letter on as few pages as can be read, usually one; no closer than that needs."""
    with override(letter.language), TemporaryDirectory() as folder:
        typefaces = _typefaces(Path(folder))
        found: Any = None
        for setting in SETTINGS:
            sheet = _written(letter, setting, typefaces)
            if found is None or sheet.pages_count < found.pages_count:
                found = sheet
            if found.pages_count == 1:
                break
        return bytes(found.output())


def _typefaces(folder: Path) -> Mapping[str, Path]:
    """Files of the typefaces by style."""
    from pymupdf_fonts import fontbuffers  # large: loaded by who prints a letter alone

    files = {style: folder / f"{name}.ttf" for style, name in STYLES.items()}
    for style, file in files.items():
        file.write_bytes(fontbuffers[STYLES[style]]())
    return files


def _written(letter: Letter, setting: Setting, typefaces: Mapping[str, Path]) -> Any:
    from fpdf import FPDF

    sheet = _sheet(FPDF(format="A4"), letter, setting.margin, typefaces)
    page = _Page(sheet, letter, setting)
    page.head()
    for part in letter.parts:
        page.part(part)
    page.rest()
    return sheet


def _sheet(sheet: Any, letter: Letter, margin: float, typefaces: Mapping[str, Path]) -> Any:
    for style, file in typefaces.items():
        sheet.add_font(FAMILY, style, file)
    sheet.set_margin(margin)
    sheet.set_auto_page_break(True, max(margin, 14))  # above the foot
    sheet.c_margin = 0
    sheet.footer = lambda: _foot(sheet, letter)
    sheet.set_lang(letter.language)
    sheet.set_title(letter.title)
    sheet.set_author(letter.sender)
    sheet.set_creator("Bareme")
    sheet.add_page()
    return sheet


def _foot(sheet: Any, letter: Letter) -> None:
    sheet.set_y(-10)
    sheet.set_font(FAMILY, "", 7.5)
    sheet.set_text_color(*QUIET)
    values = {"number": sheet.page_no(), "all": "{nb}"}
    sheet.cell(0, 4, f"{letter.sender} · " + _("page %(number)s of %(all)s") % values)


class _Page:
    """Writes from top to bottom, and keeps in mind what could not be printed."""

    def __init__(self, sheet: Any, letter: Letter, setting: Setting) -> None:
        self.sheet, self.letter, self.setting = sheet, letter, setting
        self.margin, self.width = setting.margin, SHEET - 2 * setting.margin
        self.font(10)
        self.known = set(sheet.fonts[FAMILY].cmap)
        self.is_lossy = False

    # The letter

    def head(self) -> None:
        letter = self.letter
        self.font(10, "B")
        self.pair(lambda width: self.text(letter.sender, width), letter.day)
        self.line(INK, 0.5)
        self.space(4)
        self.font(17, "B")
        self.text(letter.title)
        self.space(2)
        top = self.sheet.get_y()
        self.font(8, color=QUIET)
        self.text(letter.headings["for"], self.width - 45)
        self.font(10)
        self.text(letter.person, self.width - 45)
        if letter.email and letter.email != letter.person:
            self.text(letter.email, self.width - 45)
        below = self.sheet.get_y()
        self.at(self.margin + self.width - 45, top)
        self.font(8, color=QUIET)
        self.text(letter.headings["score"], 45, "R")
        self.at(self.margin + self.width - 45, self.sheet.get_y() + 0.5)
        self.font(22, "B")
        self.text(letter.score, 45, "R", 9)
        self.at(self.margin, max(below, self.sheet.get_y()) + 2.5)
        self.font(9.5)
        for sentence in letter.opening:
            self.text(sentence)
            self.space(1)
        if not letter.parts:
            self.text(letter.headings["nothing"])

    def part(self, part: Part) -> None:
        """A group's table; its heading never stands alone at the foot of a page."""
        heads, widths = self.columns(part)
        self.keep(26)
        self.space(3)
        self.font(11, "B")
        self.pair(lambda width: self.text(part.name, width), part.score)
        if part.terms:
            self.font(8, color=QUIET)
            self.text(" ".join(part.terms))
        self.font(8, color=QUIET)
        self.cells(heads, widths)
        self.line(FAINT)
        for row in part.rows:
            self.row(row, part, widths)
        if self.setting.is_tight:  # its heading says it
            return
        self.font(9, "B")
        self.cells([self.letter.headings["sum"], *[""] * (len(widths) - 2), part.score], widths)

    def rest(self) -> None:
        letter = self.letter
        if letter.sums:
            self.heading(letter.headings["overall"], 10 + 6 * len(letter.sums))
            for one in letter.sums:
                self.font(9)
                self.cells([one.name, one.how, one.shown], [self.width - 60, 35, 25], align="LRR")
                self.line(FAINT)
            self.font(9, "B")
            self.cells([letter.headings["score"], "", letter.score], [self.width - 60, 35, 25], align="LRR")
        self.heading(letter.headings["uncounted"], 12)
        self.font(9)
        for sentence in letter.uncounted:
            self.bullet(sentence)
        self.heading(letter.headings["rights"], 16)
        self.font(9)
        for sentence in letter.closing:
            self.text(sentence)
            self.space(0.8)
        if self.is_lossy:
            self.space(1.5)
            self.font(8, color=QUIET)
            self.text(
                _("%(sign)s stands for a character that cannot be printed here; the web page shows it.")
                % {"sign": UNKNOWN}
            )

    # Rows

    def columns(self, part: Part) -> tuple[list[str], list[float]]:
        heads, when, points = self.letter.headings, self.setting.when, self.setting.points
        if part.two_columns:
            names = [heads["what"], heads["when"], heads["earned"], heads["left"]]
            return names, [self.width - when - 2 * points, when, points, points]
        return [heads["what"], heads["when"], heads["points"]], [self.width - when - points, when, points]

    def row(self, row: Row, part: Part, widths: Sequence[float]) -> None:
        details = [" · ".join(row.details)] if self.setting.is_tight and row.details else list(row.details)
        beneath = self.width - self.setting.points
        self.font(7.5)
        below = sum(self.height(detail, beneath) for detail in details)
        beside = self.length(details[0]) if self.setting.is_tight and details else 0.0
        self.font(9)
        self.keep(self.height(row.name, widths[0]) + below + 3)
        numbers = [row.earned, row.shown] if part.two_columns else [row.shown]
        self.space(0.5)
        top, end = self.sheet.get_y(), self.length(row.name) + 3
        self.cells([row.name, row.when, *numbers], widths)
        bottom = self.sheet.get_y()
        self.font(7.5, color=QUIET)
        if beside > 0 and end + beside + 3 < widths[0]:
            self.at(self.margin + end, top + 0.5 * self.setting.scale)
            self.text(details[0], widths[0] - end)
            self.at(self.margin, bottom)
        else:
            for detail in details:
                self.text(detail, beneath)
        self.space(0.4)
        self.line(FAINT)

    def cells(self, texts: Sequence[str], widths: Sequence[float], align: str = "") -> None:
        """One line of a table, as high as its highest cell, never torn by the end of a page."""
        self.keep(max(self.height(text, width) for text, width in zip(texts, widths, strict=True)))
        left, top, lowest = self.margin, self.sheet.get_y(), 0.0
        for number, (text, width) in enumerate(zip(texts, widths, strict=True)):
            side = align[number] if align else "L" if number < 2 else "R"
            if text:
                self.at(left, top)
                self.text(text, width, side)
                lowest = max(lowest, self.sheet.get_y())
            left += width
        self.at(self.margin, max(lowest, top))

    def pair(self, write: Callable[[float], None], right: str) -> None:
        """Something, and a short text right of it."""
        top = self.sheet.get_y()
        write(self.width - 45)
        bottom = self.sheet.get_y()
        self.at(self.margin + self.width - 45, top)
        self.text(right, 45, "R")
        self.at(self.margin, max(bottom, self.sheet.get_y()))

    def heading(self, text: str, room: float) -> None:
        self.keep(room + 10)
        self.space(4)
        self.font(11, "B")
        self.text(text)
        self.space(0.8)

    def bullet(self, text: str) -> None:
        self.keep(self.height(text, self.width - 4))
        top = self.sheet.get_y()
        self.text("•", 4)
        self.at(self.margin + 4, top)
        self.text(text, self.width - 4)
        self.at(self.margin, self.sheet.get_y() + 0.6)

    # Strokes

    def text(self, text: str, width: float = 0.0, align: str = "L", height: float = 0.0) -> None:
        """A text, folded; the next begins below it, at the left margin."""
        self.sheet.multi_cell(
            width or self.width,
            height or self.leading,
            self.printable(text),
            align=align,
            new_x="LMARGIN",
            new_y="NEXT",
            padding=0,
        )

    def height(self, text: str, width: float) -> float:
        lines = self.sheet.multi_cell(width, self.leading, self.printable(text), dry_run=True, output="LINES")
        return len(lines) * self.leading

    def length(self, text: str) -> float:
        return float(self.sheet.get_string_width(self.printable(text)))

    def printable(self, text: str) -> str:
        """The text with a sign for what the typeface lacks, so that nothing disappears."""
        text = " ".join(text.split())
        found = "".join(sign if ord(sign) in self.known else UNKNOWN for sign in text)
        self.is_lossy = self.is_lossy or found != text
        return found

    def font(self, size: float, style: str = "", color: tuple[int, int, int] = INK) -> None:
        size = max(size * self.setting.scale, min(size, LEAST))
        self.sheet.set_font(FAMILY, style, size)
        self.sheet.set_text_color(*color)
        self.leading = size * (0.43 if self.setting.is_tight else 0.47)

    def line(self, color: tuple[int, int, int], thickness: float = 0.2) -> None:
        self.sheet.set_draw_color(*color)
        self.sheet.set_line_width(thickness)
        y = self.sheet.get_y() + 0.4 * self.setting.air
        self.sheet.line(self.margin, y, self.margin + self.width, y)
        self.sheet.set_y(y + 0.4 * self.setting.air)

    def space(self, height: float) -> None:
        self.sheet.set_y(self.sheet.get_y() + height * self.setting.air)

    def at(self, x: float, y: float) -> None:
        self.sheet.set_xy(x, y)

    def keep(self, height: float) -> None:
        """Go on on a new page, unless there is so much room."""
        if self.sheet.will_page_break(height):
            self.sheet.add_page()
