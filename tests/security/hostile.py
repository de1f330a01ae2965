"""What somebody sends who means harm, or whose program is broken; and the fields of a page's form, to send it in."""

import re
from html.parser import HTMLParser
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("contacts", "tracking", "scoring", "campaigns")
READ = re.compile(r"""\b(GET|POST)(?:\.get|\.getlist)?[\[(]["'](\w+)["']""")

TEXTS = (
    "\0",
    "a\0b",
    "",
    " ",
    "9" * 5000,
    "-1",
    "0",
    "99999999999999999999",
    "9223372036854775808",
    "2147483648",
    "1e400",
    "NaN",
    "sNaN",
    "-Infinity",
    "٣",
    "1_0",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59.999999+23:59",
    "0000-00-00",
    "2026-13-45T25:61",
    "True",
    "null",
    "[]",
    "{}",
    "[" * 3000,
    '{"all": [{"filter": "field", "field": "city", "op": "is", "value": "\\ud800"}]}',
    '{"all": [{"filter": "\\u0000"}]}',
    "(",
    "%",
    "\\",
    "'\"><script>alert(1)</script>",
    "../../../etc/passwd",
    "\ud800",
    "\u202e\ufeff\U0001f4a9",
    "x" * 100_000,
    "a,b,,c",
    "__proto__",
    "id__in",
    "\r\nSet-Cookie: a=b",
)
NAMES = ("id", "pk__in", "id__gt", "nothing", "email__regex", "contact__email__startswith", "a\0b", "\ud800", "__", "")
LIST_NAMES = ("q", "p", "o", "e", "all", "_popup", "_to_field", "_changelist_filters", "_facets")
IDS = (
    "0",
    "-1",
    "x",
    "9" * 40,
    "9" * 5000,
    "_00",
    "%00",
    "٣",
    "1.5",
    "__fk__",
    "None",
    "%F0%9F%92%A9",
    "9223372036854775808",
)
FILES = (
    ("x.csv", b"\xff\xfe\x00\x00"),
    ("a\0b.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50),
    ("../../x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ("", b""),
    ("x" * 300 + ".csv", b"email\n" + b"a\0b@example.com\n" * 3),
)


def read_by_our_code():
    """The names that our own views read from addresses and posts."""
    found = {"GET": set(), "POST": set()}
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for method, name in READ.findall(path.read_text()):
                found[method].add(name)
    return {method: sorted(names) for method, names in found.items()}


def files(random):
    name, content = random.choice(FILES)
    return SimpleUploadedFile(name or "x", content)


class Fields(HTMLParser):
    """The inputs of a page as a browser would send them: `values`, a list of texts by name; `files`, names."""

    def __init__(self, html):
        super().__init__()
        self.values, self.files = {}, []
        self._select = self._textarea = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name = given.get("name")
        if tag == "input" and name:
            self._input(name, given)
        elif tag == "select" and name:
            self._select = name
            self.values.setdefault(name, [])
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select].append(given.get("value") or "")
        elif tag == "textarea" and name:
            self._textarea = name
            self.values.setdefault(name, []).append("")

    def _input(self, name, given):
        kind = given.get("type", "text")
        if kind == "file":
            self.files.append(name)
        elif kind not in ("submit", "button", "image") and (kind not in ("checkbox", "radio") or "checked" in given):
            self.values.setdefault(name, []).append(given.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def handle_data(self, data):
        if self._textarea:
            self.values[self._textarea][-1] += data
