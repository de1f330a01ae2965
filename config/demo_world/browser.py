"""A small web browser for the simulation: it keeps cookies, follows redirects, reads forms, and never leaves this machine."""

from __future__ import annotations

import ipaddress
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

TIMEOUT = 10
MOST_BYTES = 2_000_000
MOST_HOPS = 5
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
Values = Mapping[str, str | Sequence[str]]


class NotLocal(Exception):
    """The address leads to another machine, where a simulation has no business."""


class Unreachable(Exception):
    """Nothing answers there."""


@dataclass(frozen=True)
class Page:
    """What came back. `url` is where the redirects ended: `status` 0 means at another machine, which was not asked."""

    url: str
    status: int
    text: str = ""


@dataclass
class WebForm:
    """A form on a page: where it posts to, what it sends untouched, and what can be answered."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)  # name → type
    options: dict[str, list[str]] = field(default_factory=dict)  # of selects, radios and tick boxes


class Browser:
    """One visitor's browser."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies), _NoRedirect()
        )

    def get(self, url: str) -> Page:
        return self._follow(urllib.request.Request(url))

    def post(self, url: str, values: Values) -> Page:
        body = urlencode(values, doseq=True).encode()
        return self._follow(urllib.request.Request(url, data=body, headers={"Referer": url}))

    def send_json(self, url: str, content: Any) -> Page:
        """As a script does, without credentials."""
        headers = {"Content-Type": "text/plain", "Origin": "https://www.cuvelog.example"}
        return self._follow(urllib.request.Request(url, data=json.dumps(content).encode(), headers=headers))

    def cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == name), "")

    def _follow(self, request: urllib.request.Request) -> Page:
        for _hop in range(MOST_HOPS):
            page, location = self._ask(request)
            if not location:
                return page
            target = urljoin(page.url, location)
            if not is_local(target):
                return Page(target, 0)
            request = urllib.request.Request(target)
        return page

    def _ask(self, request: urllib.request.Request) -> tuple[Page, str]:
        if not is_local(request.full_url):
            raise NotLocal(request.full_url)
        request.add_header("User-Agent", AGENT)
        try:
            with self.opener.open(request, timeout=TIMEOUT) as response:
                return self._page(response), response.headers.get("Location", "")
        except urllib.error.HTTPError as response:
            with response:
                redirect = response.headers.get("Location", "") if 300 <= response.code < 400 else ""
                return self._page(response), redirect
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{request.host}: {getattr(error, 'reason', error)}") from error

    @staticmethod
    def _page(response: Any) -> Page:
        text = response.read(MOST_BYTES).decode("utf-8", "replace")
        return Page(response.url, response.status, text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Each hop is looked at before it is taken."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def is_local(url: str) -> bool:
    """Does the address lead to this very machine, whatever it is called?"""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        return False
    return bool(found) and all(ipaddress.ip_address(str(entry[4][0])).is_loopback for entry in found)


# --- forms ------------------------------------------------------------------------------------------------------------


def forms(page: Page) -> list[WebForm]:
    """The forms of a page that post."""
    reader = _FormReader(page.url)
    reader.feed(page.text)
    return reader.forms


class _FormReader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[WebForm] = []
        self.form: WebForm | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form" and given.get("method", "").lower() == "post":
            self.form = WebForm(urljoin(self.url, given.get("action", "")))
            self.forms.append(self.form)
        elif self.form and tag in ("input", "textarea", "select") and given.get("name"):
            self._input(self.form, tag, given)
        elif self.form and tag == "option" and self.select and given.get("value"):
            self.form.options[self.select].append(given["value"])

    def _input(self, form: WebForm, tag: str, given: Mapping[str, str]) -> None:
        name, type_ = given["name"], given.get("type", "text") if tag == "input" else tag
        if type_ == "hidden":
            form.hidden[name] = given.get("value", "")
            return
        form.inputs[name] = type_
        if tag == "select":
            self.select = name
            form.options[name] = []
        if type_ in ("radio", "checkbox"):
            form.options.setdefault(name, []).append(given.get("value", "on"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = ""


def links(page: Page) -> list[str]:
    reader = _LinkReader(page.url)
    reader.feed(page.text)
    return reader.links


class _LinkReader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.links: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "a" and (address := given.get("href")) and "display:none" not in (given.get("style") or ""):
            self.links.append(urljoin(self.url, address))
        if tag == "img" and (address := given.get("src")):
            self.images.append(urljoin(self.url, address))


def images(page: Page) -> list[str]:
    reader = _LinkReader(page.url)
    reader.feed(page.text)
    return reader.images
