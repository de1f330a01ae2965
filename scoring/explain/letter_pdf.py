"""The letter as PDF: A4, with its typeface inside, so that it looks the same everywhere and needs no font of the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from scoring.explain.letter import Letter, Part, Row
from scoring.explain.letter_pen import FAINT, FAMILY, INK, QUIET, UNKNOWN, Pen, Setting

STYLES = {"": "figo", "B": "figbo"}
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


class _Page(Pen):
    """Writes the letter from top to bottom."""

    def __init__(self, sheet: Any, letter: Letter, setting: Setting) -> None:
        super().__init__(sheet, setting)
        self.letter = letter

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
