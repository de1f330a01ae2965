"""What the hot path asks the database, asked once and remembered; a visitor waits for an answer no longer than a moment."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from contacts import consent_policies
from tracking.edge.line_sql import IS_VISITED, POLICIES, TARGET, Away, Line, Rows, Unfit
from tracking.edge.reading import Target, Unanswered
from tracking.models import Kind, Subject

logger = logging.getLogger(__name__)

FRESH = 300.0  # seconds an answer is good for; an older one is used while the database is away
MOMENT = 0.3  # seconds to wait for an answer
AWAY = 1.0  # seconds in which the database is not asked again after it did not answer
REMEMBERED = 20_000  # answers
ASKED_AT_ONCE = 500
EVERY = 4.0  # seconds between two looks at what asks for consent

Key = tuple[bytes, str | int]


@dataclass
class Answer:
    value: Any
    at: float


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
        self._line: Line | None = None
        self._away_until = 0.0
        self._policies_due = 0.0
        self._policies_known = threading.Event()
        self._thread = threading.Thread(target=self._run, name="edge lookups", daemon=True)
        self._thread.start()
        self._policies_known.wait(MOMENT)

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
        self._thread.join(1)

    def _ask(self, key: Key) -> Any:
        now = time.monotonic()
        known = self._answers.get(key)
        if known is None or known.at + FRESH < now:
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
            return question

    def _run(self) -> None:
        while True:
            try:
                self._look_at_policies()
                question = self._questions.get(timeout=EVERY)
            except queue.Empty:
                continue
            except Exception:  # without this thread nothing would ever be answered again
                logger.exception("what asks for consent could not be read")
                continue
            if question is None:
                break
            self._answer(question)
        if self._line:
            self._line.close()

    def _answer(self, question: Question) -> None:
        try:
            if (rows := self._rows(question.key[0], [question.key[1]])) is not None:
                self._remember(question.key, rows)
        except Exception:
            logger.exception("a question could not be asked")
        finally:
            with self._lock:
                del self._asked[question.key]
            question.answered.set()

    def _look_at_policies(self) -> None:
        """What the marketer asks consent for may be changed at any time, in another process."""
        if time.monotonic() < self._policies_due:
            return
        self._policies_due = time.monotonic() + EVERY
        rows = self._rows(POLICIES, [])
        if rows is not None:
            consent_policies.suppose({str(purpose): is_required == "1" for purpose, is_required in rows}, EVERY)
        self._policies_known.set()

    def _remember(self, key: Key, rows: Rows) -> None:
        if len(self._answers) >= REMEMBERED:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = Answer(rows, time.monotonic())

    def _rows(self, statement: bytes, values: list[Any]) -> Rows | None:
        """None while the database does not answer."""
        if time.monotonic() < self._away_until:
            return None
        for was_open in (self._line is not None, False):
            try:
                self._line = self._line or Line(MOMENT)
                return self._line.run(statement, values, MOMENT)
            except Unfit:  # a number that no row can have
                return []
            except Away:
                if self._line:
                    self._line.close()
                self._line = None
                if not was_open:
                    break  # an open line may have died long ago; this one was new
        self._away_until = time.monotonic() + AWAY
        return None
