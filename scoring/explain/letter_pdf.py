"""The letter as PDF: A4, with its typeface inside, so that it looks the same everywhere and needs no font of the system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from scoring.explain.letter import Letter, Part, Row

FAMILY = "firago"
STYLES = {"": "figo", "B": "figbo"}
MARGIN = 16.0  # in mm, as everything here
WIDTH = 210 - 2 * MARGIN
DETAIL = WIDTH - 22  # beside the points
INK, QUIET, FAINT = (39, 39, 42), (113, 113, 122), (212, 212, 216)
UNKNOWN = "□"  # in the place of a character that the typeface does not have


def pdf(letter: Letter) -> bytes:
    """The letter on as many pages as it needs, usually one."""
    # Loaded by who prints a letter alone: the typefaces are large.
    from fpdf import FPDF

    with override(letter.language), TemporaryDirectory() as folder:
        sheet = _sheet(FPDF(format="A4"), letter, Path(folder))
        page = _Page(sheet, letter)
        page.head()
        for part in letter.parts:
            page.part(part)
        page.rest()
        return bytes(sheet.output())


def _sheet(sheet: Any, letter: Letter, folder: Path) -> Any:
    from pymupdf_fonts import fontbuffers

    for style, name in STYLES.items():
        file = folder / f"{name}.ttf"
        file.write_bytes(fontbuffers[name]())
        sheet.add_font(FAMILY, style, file)
    sheet.set_margin(MARGIN)
    sheet.set_auto_page_break(True, MARGIN)
    sheet.c_margin = 0
    sheet.footer = lambda: _foot(sheet, letter)
    sheet.set_lang(letter.language)
    sheet.set_title(letter.title)
    sheet.set_author(letter.sender)
    sheet.set_creator("Bareme")
    sheet.add_page()
    return sheet


def _foot(sheet: Any, letter: Letter) -> None:
    sheet.set_y(-12)
    sheet.set_font(FAMILY, "", 7.5)
    sheet.set_text_color(*QUIET)
    values = {"number": sheet.page_no(), "all": "{nb}"}
    sheet.cell(WIDTH, 4, f"{letter.sender} · " + _("page %(number)s of %(all)s") % values)


class _Page:
    """Writes from top to bottom, and keeps in mind what could not be printed."""

    def __init__(self, sheet: Any, letter: Letter) -> None:
        self.sheet, self.letter = sheet, letter
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
        self.text(letter.headings["for"], WIDTH - 45)
        self.font(10)
        self.text(letter.person, WIDTH - 45)
        if letter.email and letter.email != letter.person:
            self.text(letter.email, WIDTH - 45)
        below = self.sheet.get_y()
        self.at(MARGIN + WIDTH - 45, top)
        self.font(8, color=QUIET)
        self.text(letter.headings["score"], 45, "R")
        self.at(MARGIN + WIDTH - 45, self.sheet.get_y() + 0.5)
        self.font(22, "B")
        self.text(letter.score, 45, "R", 9)
        self.at(MARGIN, max(below, self.sheet.get_y()) + 2.5)
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
        self.font(9, "B")
        self.cells([self.letter.headings["sum"], *[""] * (len(widths) - 2), part.score], widths)

    def rest(self) -> None:
        letter = self.letter
        if letter.sums:
            self.heading(letter.headings["overall"], 10 + 6 * len(letter.sums))
            for one in letter.sums:
                self.font(9)
                self.cells([one.name, one.how, one.shown], [WIDTH - 60, 35, 25], align="LRR")
                self.line(FAINT)
            self.font(9, "B")
            self.cells([letter.headings["score"], "", letter.score], [WIDTH - 60, 35, 25], align="LRR")
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
        heads = self.letter.headings
        if part.two_columns:
            return [heads["what"], heads["when"], heads["earned"], heads["left"]], [WIDTH - 86, 44, 21, 21]
        return [heads["what"], heads["when"], heads["points"]], [WIDTH - 66, 44, 22]

    def row(self, row: Row, part: Part, widths: Sequence[float]) -> None:
        self.font(9)
        height = self.height(row.name, widths[0])
        self.font(7.5)
        self.keep(height + sum(self.height(detail, DETAIL) for detail in row.details) + 3)
        self.font(9)
        numbers = [row.earned, row.shown] if part.two_columns else [row.shown]
        self.space(0.5)
        self.cells([row.name, row.when, *numbers], widths)
        self.font(7.5, color=QUIET)
        for detail in row.details:
            self.text(detail, DETAIL, height=3.5)
        self.space(0.4)
        self.line(FAINT)

    def cells(self, texts: Sequence[str], widths: Sequence[float], align: str = "") -> None:
        """One line of a table, as high as its highest cell, never torn by the end of a page."""
        self.keep(max(self.height(text, width) for text, width in zip(texts, widths, strict=True)))
        left, top, lowest = MARGIN, self.sheet.get_y(), 0.0
        for number, (text, width) in enumerate(zip(texts, widths, strict=True)):
            side = align[number] if align else "L" if number < 2 else "R"
            if text:
                self.at(left, top)
                self.text(text, width, side)
                lowest = max(lowest, self.sheet.get_y())
            left += width
        self.at(MARGIN, max(lowest, top))

    def pair(self, write: Callable[[float], None], right: str) -> None:
        """Something, and a short text right of it."""
        top = self.sheet.get_y()
        write(WIDTH - 45)
        bottom = self.sheet.get_y()
        self.at(MARGIN + WIDTH - 45, top)
        self.text(right, 45, "R")
        self.at(MARGIN, max(bottom, self.sheet.get_y()))

    def heading(self, text: str, room: float) -> None:
        self.keep(room + 10)
        self.space(4)
        self.font(11, "B")
        self.text(text)
        self.space(0.8)

    def bullet(self, text: str) -> None:
        self.keep(self.height(text, WIDTH - 4))
        top = self.sheet.get_y()
        self.text("•", 4)
        self.at(MARGIN + 4, top)
        self.text(text, WIDTH - 4)
        self.at(MARGIN, self.sheet.get_y() + 0.6)

    # Strokes

    def text(self, text: str, width: float = WIDTH, align: str = "L", height: float = 0.0) -> None:
        """A text, folded; the next begins below it, at the left margin."""
        self.sheet.multi_cell(
            width, height or self.leading, self.printable(text), align=align, new_x="LMARGIN", new_y="NEXT", padding=0
        )

    def height(self, text: str, width: float) -> float:
        lines = self.sheet.multi_cell(width, self.leading, self.printable(text), dry_run=True, output="LINES")
        return len(lines) * self.leading

    def printable(self, text: str) -> str:
        """The text with a sign for what the typeface lacks, so that nothing disappears."""
        text = " ".join(text.split())
        found = "".join(sign if ord(sign) in self.known else UNKNOWN for sign in text)
        self.is_lossy = self.is_lossy or found != text
        return found

    def font(self, size: float, style: str = "", color: tuple[int, int, int] = INK) -> None:
        self.sheet.set_font(FAMILY, style, size)
        self.sheet.set_text_color(*color)
        self.leading = size * 0.47

    def line(self, color: tuple[int, int, int], thickness: float = 0.2) -> None:
        self.sheet.set_draw_color(*color)
        self.sheet.set_line_width(thickness)
        y = self.sheet.get_y() + 0.4
        self.sheet.line(MARGIN, y, MARGIN + WIDTH, y)
        self.sheet.set_y(y + 0.4)

    def space(self, height: float) -> None:
        self.sheet.set_y(self.sheet.get_y() + height)

    def at(self, x: float, y: float) -> None:
        self.sheet.set_xy(x, y)

    def keep(self, height: float) -> None:
        """Go on on a new page, unless there is so much room."""
        if self.sheet.will_page_break(height):
            self.sheet.add_page()
