"""Posts of forms that arrive together: the form is read once for all of them, and one transaction keeps what they say."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

from tracking import hits
from tracking.edge.commits import GroupCommit
from tracking.hits import NewHit
from tracking.models import Form, FormField
from tracking.taking import ALONE

logger = logging.getLogger(__name__)

# Less than posting.MIN_SECONDS: whoever is drawn a form as it was just changed is judged by that form, never by an older one.
FRESH = 0.9
READING = 0.5  # seconds to wait for somebody else who reads it
REMEMBERED = 1000  # forms
STALE = 24 * 3600.0  # seconds an old one is good for while the database is away


@dataclass(frozen=True)
class Known:
    form: Form
    rows: list[FormField]
    subject_id: int
    read_at: float
    until: float


class Together:
    """A `tracking.taking.Taking` for all requests of a process."""

    def __init__(self, commits: GroupCommit) -> None:
        self._commits = commits
        self._known: dict[str, Known] = {}
        self._reading = threading.Lock()

    def form(self, public_id: str) -> Form | None:
        if found := self._fresh(public_id):
            return found.form
        waited = self._reading.acquire(timeout=READING)
        try:
            found = self._fresh(public_id) or self._read(public_id)
            return found.form if found else None
        finally:
            if waited:
                self._reading.release()

    def rows(self, form: Form) -> list[FormField]:
        found = self._known.get(form.public_id)
        return found.rows if found and found.form is form else ALONE.rows(form)

    def subject_id(self, form: Form) -> int:
        found = self._known.get(form.public_id)
        return found.subject_id if found else ALONE.subject_id(form)

    def keep(self, hit: NewHit) -> None:
        if not self._commits.keep(hits.rows([hit]), urgent=True):
            raise OperationalError("the submission could not be kept in time")

    def _fresh(self, public_id: str) -> Known | None:
        found = self._known.get(public_id)
        return found if found and time.monotonic() < found.until else None

    def _read(self, public_id: str) -> Known | None:
        """As the database has it; while it is away, as it was, for then the hit waits on disk."""
        begun = time.monotonic()
        try:
            form = ALONE.form(public_id)
            subject_id = ALONE.subject_id(form) if form else 0
        except (OperationalError, InterfaceError):
            old = self._known.get(public_id)
            if old is None or begun - old.read_at > STALE:
                raise
            logger.warning("the database is away: form %s is taken as it was", public_id)
            known = Known(old.form, old.rows, old.subject_id, old.read_at, begun + FRESH)
        else:
            self._known.pop(public_id, None)
            if form is None:
                return None
            known = Known(form, ALONE.rows(form), subject_id, begun, begun + FRESH)
        if len(self._known) >= REMEMBERED:
            self._known.clear()  # they are read again
        self._known[public_id] = known
        return known
