"""What visitors send, durable before it is answered, against an empty page of the full Django on the same server."""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Iterator
from itertools import count, islice, repeat
from typing import ClassVar

import orjson

from benchmarks import processors
from benchmarks.benchmark import Benchmark
from benchmarks.figures import Goal, Measured
from benchmarks.visitors import Visits, get, post, visit
from benchmarks.web import Web
from contacts.sql import execute, tuples
from tracking import addresses, nonces, tokens
from tracking.models import Form, FormField
from tracking.tokens import Ref

EMPTY = "/healthz/live"  # through every middleware, to a view that does nothing
SHOP = "https://shop.example/pricing?utm_source=mail"
HALF = Goal(0.5, "ratio", "empty page")
SOON = Goal(30, "most")
PERCENTILES = (0.5, 0.95, 0.99)
CONNECTIONS = {1: 500, 8: 2000, 32: 6000, 64: 6000}  # and how many requests a round has


class Edge(Benchmark):
    """Requests of one kind over some connections. Each request is another hit."""

    unit = "hits/s"
    rounds = 3
    once = True
    connections: ClassVar[int]
    status: ClassVar[int]

    def requests(self) -> Iterator[bytes]:
        raise NotImplementedError

    def set_up(self) -> None:
        execute("TRUNCATE tracking_hit")
        self.web = Web()
        self.processes = [*self.web.pids, *processors.database()]
        self.numbers = count(1)
        self.visits: list[tuple[Visits, Visits]] = []
        self.used: list[tuple[float, float]] = []  # of the processors, for the empty page and for the full request

    def prepare(self) -> None:
        self.drawn = list(islice(self.requests(), self.count))  # signing tokens is not the visitors' work

    def floor(self) -> float | None:
        begun = processors.spent(self.processes)
        self.empty = visit(self.web.port, repeat(get(EMPTY)), self.connections, self.count)
        self.used_by_empty = processors.spent(self.processes) - begun
        return self.empty.seconds

    def run(self) -> float | None:
        begun = processors.spent(self.processes)
        self.full = visit(self.web.port, iter(self.drawn), self.connections, self.count)
        self.used.append((self.used_by_empty, processors.spent(self.processes) - begun))
        return self.full.seconds

    def check(self) -> None:
        if self.full.statuses != {self.status: self.count}:
            raise RuntimeError(f"answers were {self.full.statuses}")
        ((stored,),) = tuples("SELECT count(*) FROM tracking_hit", [])
        if stored != self.count:
            raise RuntimeError(f"{stored} hits of {self.count} are there")
        execute("TRUNCATE tracking_hit")
        self.visits.append((self.empty, self.full))

    def tear_down(self) -> None:
        self.web.stop()

    def further(self) -> list[Measured]:
        """How long the visitor waits; and what the server and PostgreSQL work for it, however busy the machine is."""
        measured = self.visits[self.warm :]
        waits = [
            Measured(
                name=f"{self.name}: p{share * 100:g}",
                unit="ms",
                goal=SOON if share == 0.99 and self.connections >= 32 else None,
                seconds=statistics.median(full.percentile(share) for _empty, full in measured),
                floor=statistics.median(empty.percentile(share) for empty, _full in measured),
            )
            for share in PERCENTILES
        ]
        return [*waits, *self._work()]

    def _work(self) -> list[Measured]:
        if not all(map(all, self.used)):
            return []
        empty, full = (statistics.median(of) / self.count for of in zip(*self.used[self.warm :], strict=True))
        name = f"{self.name}: processors, each request"
        return [Measured(name=name, unit="µs", goal=self.goal, seconds=full, floor=empty)]

    def from_somewhere(self, number: int) -> str:
        """The header of a visitor from another network than the one before."""
        return f"X-Forwarded-For: 10.{number >> 8 & 255}.{number & 255}.7\r\n"


class Pixel(Edge):
    status = 200

    def requests(self) -> Iterator[bytes]:
        for number in self.numbers:
            token = tokens.sign_ref(addresses.OPEN, Ref(number, 1, number))
            yield get(f"/t/o/{token}.gif", self.from_somewhere(number))


class Click(Edge):
    status = 302

    def requests(self) -> Iterator[bytes]:
        for number in self.numbers:
            token = tokens.sign_target(addresses.CLICK_TO, Ref(number, 1, number), SHOP)
            yield get(f"/t/c/{token}", self.from_somewhere(number))


class Beacon(Edge):
    status = 204

    def requests(self) -> Iterator[bytes]:
        for number in self.numbers:
            hit = {"kind": "page", "url": SHOP, "title": "Prices", "key": str(uuid.uuid4()), "ago": 12}
            body = orjson.dumps({"visitor": str(uuid.uuid4()), "hits": [hit]})
            yield post("/t/b", body, "text/plain;charset=UTF-8", self.from_somewhere(number))


class FormPost(Edge):
    status = 200

    def set_up(self) -> None:
        self.form = Form.objects.create(name="Measured", public_id=uuid.uuid4().hex[:12])
        FormField.objects.create(form=self.form, key="email", label="Email", type="email", required=True, position=1)
        FormField.objects.create(form=self.form, key="name", label="Name", type="text", position=2)
        super().set_up()

    def requests(self) -> Iterator[bytes]:
        token = nonces.form_token(self.form)
        for number in self.numbers:
            body = orjson.dumps({"email": f"visitor{number}@example.com", "name": "Ada Byron", "bareme_token": token})
            headers = f"Accept: application/json\r\n{self.from_somewhere(number)}"
            yield post(f"/f/{self.form.public_id}", body, "application/json", headers)


def _items() -> Iterator[type[Edge]]:
    for base, name in ((Pixel, "open pixel"), (Click, "click"), (Beacon, "beacon"), (FormPost, "form post")):
        for connections, requests in CONNECTIONS.items():
            goal = None
            if base is FormPost:
                goal = Goal(3, "ratio", "empty page")
            elif connections >= 32:
                goal = HALF
            at = f"{connections} connections" if connections > 1 else "1 connection"
            values = {"name": f"{name}, {at}", "connections": connections, "count": requests, "goal": goal}
            yield type(f"{base.__name__}{connections}", (base,), values)


EDGE = tuple(_items())
