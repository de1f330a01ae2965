"""The sales software of the demo: it takes the webhooks of this machine, verifies who sent them, and says what it was told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

MOST_BYTES = 1_000_000


class Receiver(AbstractContextManager["Receiver"]):
    """Listens while it is entered. Where its port is taken it says so once, and hears nothing."""

    def __init__(self, url: str, secret: str, say: Callable[[str], None]) -> None:
        self.port = urlsplit(url).port or 80
        self.secret = secret
        self.say = say
        self.server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_BYTES))
                genuine = receiver.verify(self.headers.get("X-Bareme-Signature", ""), body)
                self.send_response(200 if genuine else 400)
                self.end_headers()
                receiver.hear(body, genuine=genuine)

            def log_message(self, *args: Any) -> None:
                """The receiver speaks for itself."""

        try:
            self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        except OSError as error:
            self.say(f"the sales software cannot listen on port {self.port}: {error.strerror}")
        else:
            threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()

    def verify(self, signature: str, body: bytes) -> bool:
        """`t=…,v1=…`: the HMAC of the time, a dot and the body."""
        parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
        expected = hmac.new(self.secret.encode(), f"{parts.get('t')}.".encode() + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, parts.get("v1", ""))

    def hear(self, body: bytes, *, genuine: bool) -> None:
        if not genuine:
            self.say("the sales software refused a push whose signature is wrong")
            return
        told = json.loads(body)
        contact = told.get("contact") or {}
        name = f"{contact.get('first_name', '')} {contact.get('last_name', '')}".strip() or contact.get("email")
        score = told.get("score") or {}
        self.say(
            f"the sales software was told about {name}: {score.get('group') or 'overall'} {score.get('value', 0):g}"
        )
