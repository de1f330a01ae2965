"""Visitors for the benchmarks: connections that each send the next request when the last is answered. One thread, no framework.

Its own ceiling, against an answer that costs nothing, is several times what is measured with it.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END = b"\r\n\r\n"
TOO_LONG = 30.0  # seconds without any answer


@dataclass
class Visits:
    """What visitors met: seconds in all, seconds of each request, and how often which status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Visitor:
    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._answer = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun = 0.0

    def ask(self) -> None:
        self._answer = b""
        request = next(self._requests)
        self.begun = time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> int | None:
        """The status, once the answer is complete."""
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the server hung up")
        answer = self._answer = self._answer + more
        head = answer.find(END)
        if head < 0:
            return None
        found = LENGTH.search(answer, 0, head)
        if len(answer) < head + len(END) + (int(found[1]) if found else 0):
            return None
        return int(answer[9:12])


def visit(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Visits:
    """So many visitors at once, for so long."""
    found = Visits()
    visitors = [Visitor(port, requests) for _ in range(connections)]
    by_handle = {visitor.socket.fileno(): visitor for visitor in visitors}
    with closing(select.epoll()) as poll:
        for handle in by_handle:
            poll.register(handle, select.EPOLLIN)
        begun = time.perf_counter()
        for visitor in visitors:
            visitor.ask()
        while (now := time.perf_counter()) - begun < seconds:
            ready = poll.poll(TOO_LONG)
            if not ready:
                raise TimeoutError("the server does not answer")
            for handle, _events in ready:
                visitor = by_handle[handle]
                status = visitor.hear()
                if status is not None:
                    found.latencies.append(time.perf_counter() - visitor.begun)
                    found.statuses[status] = found.statuses.get(status, 0) + 1
                    visitor.ask()
        found.seconds = now - begun
    for visitor in visitors:
        visitor.socket.close()
    return found


def get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{BROWSER}{headers}\r\n".encode()


def post(path: str, body: bytes, content_type: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{BROWSER}Content-Type: {content_type}\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


# What a browser sends with every request, as long as real ones are.
BROWSER = (
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36\r\n"
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n"
    "Accept-Language: fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://mail.example.com/\r\n"
)
