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

    def note(self, visitor: Visitor, status: int) -> None:
        self.latencies.append(time.perf_counter() - visitor.begun)
        self.statuses[status] = self.statuses.get(status, 0) + 1

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


def visit(port: int, requests: Iterator[bytes], connections: int, count: int) -> Visits:
    """So many requests, of so many visitors at once: each sends its next when its last is answered."""
    found = Visits()
    visitors = [Visitor(port, requests) for _ in range(min(connections, count))]
    by_handle = {visitor.socket.fileno(): visitor for visitor in visitors}
    with closing(select.epoll()) as poll:
        for handle in by_handle:
            poll.register(handle, select.EPOLLIN)
        begun = time.perf_counter()
        for visitor in visitors:
            visitor.ask()
        left = count - len(visitors)
        while len(found.latencies) < count:
            ready = poll.poll(TOO_LONG)
            if not ready:
                raise TimeoutError("the server does not answer")
            for handle, _events in ready:
                visitor = by_handle[handle]
                if (status := visitor.hear()) is not None:
                    found.note(visitor, status)
                    if left:
                        left -= 1
                        visitor.ask()
        found.seconds = time.perf_counter() - begun
    for visitor in visitors:
        visitor.socket.close()
    return found


def pace(port: int, requests: Iterator[bytes], rate: float, count: int) -> Visits:
    """So many requests, so many a second, whether or not the earlier ones are answered: as visitors come in life."""
    found, idle, by_handle = Visits(), list[Visitor](), dict[int, Visitor]()
    with closing(select.epoll()) as poll:
        begun, sent = time.perf_counter(), 0
        while len(found.latencies) < count:
            due = begun + sent / rate
            if sent < count and time.perf_counter() >= due:
                visitor = idle.pop() if idle else Visitor(port, requests)
                if visitor.socket.fileno() not in by_handle:
                    by_handle[visitor.socket.fileno()] = visitor
                    poll.register(visitor.socket, select.EPOLLIN)
                visitor.ask()
                sent += 1
                continue
            for handle, _events in poll.poll(max(0.0, due - time.perf_counter()) if sent < count else TOO_LONG):
                if (status := by_handle[handle].hear()) is not None:
                    found.note(by_handle[handle], status)
                    idle.append(by_handle[handle])
        found.seconds = time.perf_counter() - begun
    for visitor in by_handle.values():
        visitor.socket.close()
    return found


def get(path: str, headers: str = "") -> bytes:
    """A request as a browser sends it; `headers` are further lines."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{BROWSER}{headers}\r\n".encode()


def post(path: str, body: bytes, content_type: str, headers: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{BROWSER}{headers}Content-Type: {content_type}\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


# What a browser sends with every request, as long as real ones are.
BROWSER = (
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36\r\n"
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n"
    "Accept-Language: fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://mail.example.com/\r\n"
)
