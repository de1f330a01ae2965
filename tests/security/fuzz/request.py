"""A request as it goes over the wire: right, or like none that a client would send."""

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@dataclass
class Request:
    method: str
    path: str
    query: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    mark: tuple | None = None  # what must be in the database if it is accepted: ("url", …) or ("message", …)
    cut: bool = False
    extra: bytes = b""  # header lines no client would write
    start: bytes | None = None  # instead of the request line

    def raw(self):
        target = self.path + ("?" + urlencode(self.query, errors="surrogatepass") if self.query else "")
        start = self.start if self.start is not None else bytes_of(f"{self.method} {target} HTTP/1.1\r\n")
        headers = {"Host": "127.0.0.1", "User-Agent": AGENT, **self.headers}
        if (self.body or self.method == "POST") and "Content-Length" not in headers and b"chunked" not in self.extra:
            headers["Content-Length"] = str(len(self.body))
        lines = b"".join(bytes_of(f"{name}: {value}\r\n") for name, value in headers.items() if value is not None)
        return start + lines + self.extra + b"\r\n" + self.body


def bytes_of(text):
    return text.encode("utf-8", "surrogatepass")


def dump(value):
    return json.dumps(value).encode()
