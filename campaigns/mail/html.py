"""HTML of a mail, prepared once per text: styles inlined, personal fields and links marked, a text part made where there is none.

Marks are plain words (`zqfield3z`, `zqlink0z`) that survive every parser; `fill()` replaces them in one pass, so that nothing
a contact's data contains is ever read as a mark, a field or HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import quote

import css_inline
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.mail import fields
from campaigns.mail.fields import Placeholder

MARK = re.compile(r"zq(field|link)(\d+)z")
# css-inline writes every attribute in double quotes, so this finds each link of what it returns.
HREF = re.compile(r'(<(?:a|area)\b[^>]*?\shref=")([^"]*)(")', re.IGNORECASE)
WEB = re.compile(r"https?://[^\s<>\"']+")
TRAILING = ".,;:!?)]}»”’"
REFUSED = re.compile(
    r"<\s*/?\s*(script|iframe|object|embed|form|input|base|meta\s+http-equiv)\b|\son[a-z]+\s*=\s*[\"']|javascript:",
    re.IGNORECASE,
)

inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)


@dataclass(frozen=True)
class Prepared:
    """HTML and text with marks, and what the marks stand for."""

    html: str
    text: str
    fields: tuple[Placeholder, ...]
    links: tuple[str, ...]  # addresses; those with personal fields in them hold marks

    def tracked(self) -> list[str]:
        """The links that can be tracked: web addresses that are the same for everybody."""
        return [link for link in dict.fromkeys(self.links) if is_web(link) and not MARK.search(link)]


def is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def validate(source: str) -> None:
    """Refuse what mail programs remove or what could act in a reader's browser; check the personal fields."""
    if found := REFUSED.search(source):
        raise ValidationError(
            _("“%(found)s” has no place in a mail: mail programs remove it.") % {"found": found[0].strip()}
        )
    fields.validate(source)


@lru_cache(maxsize=256)
def prepare(source: str, text: str) -> Prepared:
    """Prepare the two parts of a mail; `text` empty means: made from the HTML."""
    marks = _Marks()
    body = HREF.sub(marks.link, _inline(marks.mark(source))) if source.strip() else ""
    plain = marks.plain_links(marks.mark(text)) if text.strip() else to_text(body)
    return Prepared(body, plain, tuple(marks.fields), tuple(marks.links))


class _Marks:
    def __init__(self) -> None:
        self.fields: list[Placeholder] = []
        self.links: list[str] = []

    def mark(self, source: str) -> str:
        return fields.PLACEHOLDER.sub(self._field, MARK.sub("", source))

    def _field(self, match: re.Match[str]) -> str:
        self.fields.append(fields.parse(match))
        return f"zqfield{len(self.fields) - 1}z"

    def link(self, match: re.Match[str]) -> str:
        return match[1] + self._link(html.unescape(match[2]).strip()) + match[3]

    def plain_links(self, source: str) -> str:
        return WEB.sub(lambda match: self._plain(match[0]), source)

    def _plain(self, found: str) -> str:
        url = found.rstrip(TRAILING)
        return self._link(url) + found[len(url) :]

    def _link(self, url: str) -> str:
        self.links.append(url)
        return f"zqlink{len(self.links) - 1}z"


def _inline(source: str) -> str:
    """Styles inlined, as a whole document. CSS that cannot be read stays in its <style>: a mail is better plain than unsent."""
    try:
        return inliner.inline(source)
    except css_inline.InlineError:
        return css_inline.CSSInliner(
            load_remote_stylesheets=False, inline_style_tags=False, keep_style_tags=True
        ).inline(source)


def fill(
    template: str,
    prepared: Prepared,
    value: Callable[[Placeholder], str],
    address: Callable[[str], str],
    *,
    escape: bool,
) -> str:
    """Replace the marks: `value` gives a field's text, `address` where a link goes."""

    def insert(match: re.Match[str]) -> str:
        number = int(match[2])
        known = prepared.fields if match[1] == "field" else prepared.links
        if number >= len(known):
            return ""
        if match[1] == "field":
            text = value(prepared.fields[number])
        else:
            text = address(fill_link(prepared.links[number], prepared, value))
        return html.escape(text) if escape else text

    return MARK.sub(insert, template)


def fill_link(link: str, prepared: Prepared, value: Callable[[Placeholder], str]) -> str:
    """A link with its personal fields; a value inside an address is quoted, a whole address must be a web address."""
    if whole := MARK.fullmatch(link):
        filled = value(prepared.fields[int(whole[2])])
    else:
        filled = MARK.sub(lambda match: quote(value(prepared.fields[int(match[2])]), safe=""), link)
    return filled if is_web(filled) or filled.lower().startswith(("mailto:", "tel:", "sms:", "#")) else "#"


# --- the text part ----------------------------------------------------------------------------------------------------


class _Text(HTMLParser):
    BLOCKS = frozenset(
        [
            "p",
            "div",
            "tr",
            "table",
            "ul",
            "ol",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "blockquote",
            "section",
            "article",
            "header",
            "footer",
            "hr",
        ]
    )
    SILENT = frozenset(["head", "style", "script", "title"])

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0
        self.href: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT:
            self.silent += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in self.BLOCKS:
            self.parts.append("\n\n")
        elif tag == "a":
            self.href.append((dict(attrs).get("href") or "", len(self.parts)))
        elif tag == "img" and not self.silent:
            self.parts.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in self.BLOCKS:
            self.parts.append("\n\n")
        elif tag == "a" and self.href:
            href, since = self.href.pop()
            label = "".join(self.parts[since:]).strip()
            if href and href != label:
                self.parts.append(f" ({href})" if label else href)

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def to_text(source: str) -> str:
    """What the HTML says, as text: paragraphs, list items, links with their address behind them."""
    parser = _Text()
    parser.feed(source)
    lines = [line.strip() for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
