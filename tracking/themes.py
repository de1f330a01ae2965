"""The colour and the font of a landing page as a style sheet: made of its name alone, readable on light and dark."""

from __future__ import annotations

import re

from tracking.models import LandingPage

NAME = re.compile(r"([0-9a-f]{6})-([a-z]+)")
FONTS = {
    LandingPage.Font.SANS: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    LandingPage.Font.SERIF: '"Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, serif',
    LandingPage.Font.ROUND: 'ui-rounded, "Hiragino Maru Gothic ProN", Quicksand, Comfortaa, Manjari, Calibri, sans-serif',
    LandingPage.Font.MONO: 'ui-monospace, "Cascadia Code", "Source Code Pro", Menlo, Consolas, monospace',
}
READABLE = 4.5  # the contrast that WCAG asks of text
Colour = tuple[float, float, float]
WHITE, BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
LIGHT_PAGE, DARK_PAGE = (0.965, 0.961, 0.976), (0.106, 0.114, 0.153)


def name(page: LandingPage) -> str:
    """What its style sheet is called."""
    accent = page.accent.lower().lstrip("#")
    font = page.font if page.font in FONTS else LandingPage.Font.SANS
    return f"{accent if re.fullmatch('[0-9a-f]{6}', accent) else '6d28d9'}-{font}"


def sheet(name: str) -> str | None:
    """The style sheet of that name; None for what is no name of ours."""
    if not (found := NAME.fullmatch(name)) or found[2] not in FONTS:
        return None
    accent = _colour(found[1])
    light, dark = _readable(accent, LIGHT_PAGE, BLACK), _readable(accent, DARK_PAGE, WHITE)
    return (
        f":root {{ --accent: {_hex(light)}; --accent-strong: {_hex(accent)}; --on-accent: {_hex(_on(accent))};"
        f" font-family: {FONTS[LandingPage.Font(found[2])]}; }}\n"
        f".bareme {{ --bareme-accent: {_hex(accent)}; --bareme-accent-text: {_hex(_on(accent))}; }}\n"
        f"@media (prefers-color-scheme: dark) {{\n"
        f"  :root:not(.embedded) {{ --accent: {_hex(dark)}; --accent-strong: {_hex(dark)}; --on-accent: {_hex(_on(dark))}; }}\n"
        f"  :root:not(.embedded) .bareme {{ --bareme-accent: {_hex(dark)}; --bareme-accent-text: {_hex(_on(dark))}; }}\n"
        f"}}\n"
    )


def _on(colour: Colour) -> Colour:
    """What can be read on it."""
    return WHITE if _contrast(colour, WHITE) >= _contrast(colour, BLACK) else BLACK


def _readable(colour: Colour, ground: Colour, towards: Colour) -> Colour:
    """The colour, moved as far towards black or white as it takes to be read on this ground."""
    for step in range(21):
        share = step / 20
        red, green, blue = (one + (other - one) * share for one, other in zip(colour, towards, strict=True))
        if _contrast((red, green, blue), ground) >= READABLE:
            return red, green, blue
    return towards


def _contrast(one: Colour, other: Colour) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _colour(digits: str) -> Colour:
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
