"""From a click to the changed score, while many visitors come: the web server, the workers and the clock of production."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from typing import ClassVar

import orjson

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Goal
from benchmarks.visitors import get, pace, post
from benchmarks.web import Web
from config import pipeline
from config.load import subjects
from contacts.sql import tuples
from tracking import addresses, hits, tokens
from tracking.hits import NewHit
from tracking.models import Kind
from tracking.tokens import Ref

RATE = 200  # hits a second: of ten, six open, two visit pages, two click
GLANCE = 0.05  # seconds between two looks at the scores
PATIENCE = 30.0
SCORES = "SELECT contact_id, score FROM scoring_contactscore WHERE group_id IS NULL AND contact_id = ANY(%s)"


class FromClickToScore(Benchmark):
    """The time within which 95 of 100 clicks changed the score they were to change. The floor: one click, carried by hand."""

    name = "from click to score, under 200 hits/s: p95"
    goal = Goal(2000, "most")
    rounds = 1
    warm = 0
    once = True
    count: ClassVar[int] = RATE * 20

    def set_up(self) -> None:
        pipeline.drain()
        self.about = subjects.find()
        self.web = Web(workers=True)
        self.numbers = iter(range(1, 10_000_000))
        clickers = self.count // 5 + 1
        # Who has not clicked today: a click is worth something once a day.
        found = tuples(
            """SELECT c.id FROM contacts_contact c WHERE c.merged_into_id IS NULL AND NOT EXISTS (
                 SELECT FROM tracking_event e WHERE e.contact_id = c.id AND e.kind = %s AND e.at > now() - interval '2 days')
               ORDER BY c.id DESC LIMIT %s""",
            [Kind.EMAIL_CLICKED, clickers + 1],
        )
        self.contacts = [pk for (pk,) in found]

    def floor(self) -> float | None:
        contact = self.contacts.pop()
        begun = time.perf_counter()
        hits.record(NewHit(kind=Kind.EMAIL_CLICKED, contact_id=contact, subject_id=self.about.links[0]))
        pipeline.advance()
        return time.perf_counter() - begun

    def run(self) -> float | None:
        self.before = dict(tuples(SCORES, [self.contacts]))
        self.clicked: dict[int, float] = {}
        self.took: dict[int, float] = {}
        self.sent_all = threading.Event()
        watcher = threading.Thread(target=self._watch)
        watcher.start()
        pace(self.web.port, self._requests(), RATE, self.count)
        self.sent_all.set()
        watcher.join()
        ordered = sorted(self.took.values())
        return ordered[int(0.95 * len(ordered))] if ordered else PATIENCE

    def check(self) -> None:
        if len(self.took) < 0.9 * len(self.clicked):
            raise RuntimeError(f"{len(self.took)} scores moved for {len(self.clicked)} clicks")

    def tear_down(self) -> None:
        self.web.stop()
        pipeline.drain()

    def _watch(self) -> None:
        """Look at the scores of those who clicked until all have moved."""
        until = float("inf")
        while time.perf_counter() < until:
            waiting = [pk for pk in list(self.clicked) if pk not in self.took]
            for pk, score in tuples(SCORES, [waiting]) if waiting else []:
                if score != self.before.get(pk, 0):
                    self.took[pk] = time.perf_counter() - self.clicked[pk]
            if self.sent_all.is_set():
                until = min(until, time.perf_counter() + PATIENCE)
                if len(self.took) == len(self.clicked):
                    break
            time.sleep(GLANCE)

    def _requests(self) -> Iterator[bytes]:
        contacts = iter(self.contacts)
        for number in self.numbers:
            somewhere = f"X-Forwarded-For: 10.{number >> 8 & 255}.{number & 255}.7\r\n"
            match number % 10:
                case 0 | 5:
                    contact = next(contacts)
                    link = self.about.links[number % len(self.about.links)]
                    token = tokens.sign_target(addresses.CLICK_TO, Ref(contact, link, number), "https://shop.example/")
                    self.clicked[contact] = time.perf_counter()
                    yield get(f"/t/c/{token}", somewhere)
                case 1 | 6:
                    hit = {"kind": "page", "url": subjects.address(number % 5000), "key": str(uuid.uuid4())}
                    body = orjson.dumps({"visitor": str(uuid.uuid4()), "hits": [hit]})
                    yield post("/t/b", body, "text/plain;charset=UTF-8", somewhere)
                case _:
                    about = self.about.emails[number % len(self.about.emails)]
                    token = tokens.sign_ref(addresses.OPEN, Ref(self.plan.contact(number), about, number))
                    yield get(f"/t/o/{token}.gif", somewhere)
