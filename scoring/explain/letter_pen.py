"""The pen the PDF letter is written with: texts, lines and rows of a table, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FAMILY = "firago"
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


class Pen:
    """Writes from top to bottom, and keeps in mind whether something could not be printed."""

    def __init__(self, sheet: Any, setting: Setting) -> None:
        self.sheet, self.setting = sheet, setting
        self.margin, self.width = setting.margin, SHEET - 2 * setting.margin
        self.font(10)
        self.known = set(sheet.fonts[FAMILY].cmap)
        self.is_lossy = False

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
