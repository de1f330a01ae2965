"""What a click asks the database, asked once and remembered; a visitor waits for the answer no longer than a moment."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tracking.edge.line_sql import IS_VISITED, TARGET, Away, Line, Unfit
from tracking.edge.reading import Target, Unanswered
from tracking.models import Kind, Subject

FRESH = 300.0  # seconds an answer is good for; an older one is used while the database is away
MOMENT = 0.3  # seconds to wait for an answer
AWAY = 1.0  # seconds in which the database is not asked again after it did not answer
REMEMBERED = 20_000  # answers
ASKED_AT_ONCE = 500

Key = tuple[bytes, str | int]


@dataclass
class Answer:
    value: Any
    until: float


@dataclass
class Question:
    key: Key
    answered: threading.Event = field(default_factory=threading.Event)


class CachedLookups:
    def __init__(self) -> None:
        self._answers: dict[Key, Answer] = {}
        self._asked: dict[Key, Question] = {}
        self._lock = threading.Lock()
        self._questions: queue.SimpleQueue[Question | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._line: Line | None = None
        self._away_until = 0.0

    def target(self, subject_id: int) -> Target | None:
        """Where the link of this subject leads, None where there is none (any more). Raises Unanswered."""
        rows = self._ask((TARGET, subject_id))
        if not rows:
            return None
        ((url, source),) = rows
        return Target(url or "", Kind.SMS_CLICKED if source == Subject.Type.SMS else Kind.EMAIL_CLICKED)

    def is_visited(self, host: str) -> bool:
        """Is it a site our script runs on? Not, as far as one knows, while the database does not say."""
        try:
            return bool(self._ask((IS_VISITED, host)) == [("1",)])
        except Unanswered:
            return False

    def end(self) -> None:
        self._questions.put(None)
        if self._thread:
            self._thread.join(1)

    def _ask(self, key: Key) -> Any:
        now = time.monotonic()
        known = self._answers.get(key)
        if known is None or known.until < now:
            if now > self._away_until:
                self._question(key).answered.wait(MOMENT)
            known = self._answers.get(key, known)
        if known is None:
            raise Unanswered
        return known.value

    def _question(self, key: Key) -> Question:
        """Several who ask the same wait for one answer."""
        with self._lock:
            if found := self._asked.get(key):
                return found
            question = Question(key)
            if len(self._asked) < ASKED_AT_ONCE:
                self._asked[key] = question
                self._questions.put(question)
            else:
                question.answered.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="edge lookups", daemon=True)
                self._thread.start()
            return question

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            try:
                if time.monotonic() > self._away_until:
                    self._answer(question)
            finally:
                with self._lock:
                    del self._asked[question.key]
                question.answered.set()
        if self._line:
            self._line.close()

    def _answer(self, question: Question) -> None:
        statement, value = question.key
        for _ in range(2):  # the line may have died long ago
            fresh = self._line is None
            try:
                self._line = self._line or Line(MOMENT)
                rows = self._line.run(statement, [value], MOMENT)
            except Unfit:  # a number no row can have
                rows = []
            except Away:
                if self._line:
                    self._line.close()
                self._line = None
                if fresh:
                    break
                continue
            if len(self._answers) >= REMEMBERED:
                del self._answers[next(iter(self._answers))]
            self._answers[question.key] = Answer(rows, time.monotonic() + FRESH)
            return
        self._away_until = time.monotonic() + AWAY
