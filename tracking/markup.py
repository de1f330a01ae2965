"""HTML of ours as a tree that a script can build element by element: where a page demands Trusted Types, no text becomes HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

Tree = list[Any]  # the name, the attributes, then the children: trees and texts

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


def tree(html: str) -> Tree:
    """The one element that this well-formed `html` is."""
    reader = _Reader()
    reader.feed(html.strip().replace("\r\n", "\n"))
    reader.close()
    (element,) = reader.open[0][2:]
    return list(element)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Tree] = [["", {}]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element: Tree = [tag, {name: value or "" for name, value in attrs}]
        self.open[-1].append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        parent = self.open[-1]
        if parent[0] == "textarea" and len(parent) == 2:
            data = data.removeprefix("\n")  # that belongs to the tag, as Django and browsers agree
        if data:
            parent.append(data)
