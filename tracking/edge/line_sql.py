"""A line to PostgreSQL of our own, on which nothing waits longer than told: also when the server is there but hangs.

The waiting is done here, on the socket: a limit on the server's side means nothing to a server that has stopped.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from django.db import connections
from psycopg import pq

from tracking.sql import INSERT_HITS

CONNECT_SECONDS = 2
ROWS_AT_FAULT = ("22", "23", "54")  # classes of SQLSTATEs: the database is well, it is the row that cannot be kept
WELL = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)

INSERT = INSERT_HITS.replace("%s", "$1").encode()
TARGET = b"""
SELECT l.url, s.type FROM tracking_link l JOIN tracking_subject s ON s.id = l.source_id WHERE l.subject_id = $1::bigint
"""
IS_VISITED = b"SELECT EXISTS (SELECT FROM tracking_subject WHERE type = 'page' AND host = $1::text)::int"
# What contacts, or whoever they were merged into, answered last about being followed.
ANSWERS = b"""
WITH RECURSIVE who AS (
  SELECT id AS asked, id FROM unnest($1::bigint[]) id
  UNION SELECT who.asked, c.merged_into_id FROM who JOIN contacts_contact c USING (id) WHERE c.merged_into_id IS NOT NULL
)
SELECT DISTINCT ON (asked, purpose) asked, purpose, granted::int FROM who JOIN contacts_consent s ON s.contact_id = who.id
WHERE purpose IN ('link_tracking', 'web_tracking') ORDER BY asked, purpose, given_at DESC, s.id DESC
"""
POLICIES = b"""
SELECT DISTINCT ON (purpose) purpose, is_required::int FROM contacts_consentpolicy ORDER BY purpose, id DESC
"""
NOTE_OUTAGE = b"""
INSERT INTO tracking_outage (key, began_at, ended_at, kept, lost)
VALUES ($1::text, to_timestamp($2::float8), to_timestamp($3::float8), $4::bigint, $5::bigint) ON CONFLICT (key) DO NOTHING
"""

Rows = list[tuple[str | None, ...]]


class Away(Exception):
    """The database is not there, or did not answer in time: whether it took what was sent is not known."""


class Unfit(Exception):
    """The database is well and refuses these very rows."""


class Line:
    """One connection. Not for two threads at once; after Away it is of no more use."""

    def __init__(self, limit: float) -> None:
        """Open it, in CONNECT_SECONDS. The server gives a statement up after `limit` seconds. Raises Away."""
        try:
            self._connection = psycopg.connect(**_parameters(limit), autocommit=True)
        except psycopg.Error as error:
            raise Away(str(error)) from error
        self._pq = self._connection.pgconn
        self._poll = select.poll()
        self._names: dict[bytes, bytes] = {}  # of prepared statements

    def insert(self, hits: bytes, seconds: float) -> None:
        """Add hits, a JSON list of rows, to the inbox: durable when this returns. Rows that are there stay as they are."""
        self.run(INSERT, [hits], seconds)

    def run(self, statement: bytes, values: Sequence[Any], seconds: float) -> Rows:
        """The rows of a statement. Raises Away or Unfit."""
        deadline = time.monotonic() + seconds
        try:
            if statement not in self._names:
                name = b"edge%d" % len(self._names)
                self._pq.send_prepare(name, statement)
                self._result(deadline)
                self._names[statement] = name
            self._pq.send_query_prepared(self._names[statement], [_text(value) for value in values])
            return self._result(deadline)
        except psycopg.Error as error:
            raise Away(str(error)) from error

    def close(self) -> None:
        with suppress(psycopg.Error):
            self._connection.close()

    def _result(self, deadline: float) -> Rows:
        while self._pq.flush():
            if self._wait(select.POLLIN | select.POLLOUT, deadline) & select.POLLIN:
                self._pq.consume_input()
        found: Rows = []
        answered = False
        failed: pq.abc.PGresult | None = None
        while True:
            while self._pq.is_busy():
                self._wait(select.POLLIN, deadline)
                self._pq.consume_input()
            result = self._pq.get_result()
            if result is None:
                break
            answered = True
            if result.status in WELL:
                found += _rows(result)
            else:
                failed = result
        if failed:
            raise _trouble(failed)
        if not answered:  # silence is no yes
            raise Away("it said nothing")
        return found

    def _wait(self, events: int, deadline: float) -> int:
        self._poll.register(self._pq.socket, events)
        left = deadline - time.monotonic()
        ready = self._poll.poll(max(1, int(left * 1000))) if left > 0 else []
        if not ready:
            raise Away("it did not answer in time")
        return ready[0][1]


def _parameters(limit: float) -> dict[str, Any]:
    """Django's own way to the database, but with limits on each wait and durable whatever the server's default is."""
    parameters = connections["default"].get_connection_params()
    for name in ("context", "cursor_factory", "prepare_threshold"):  # Django's, not the driver's
        parameters.pop(name, None)
    milliseconds = int(limit * 1000)
    more = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c synchronous_commit=on"
    return parameters | {
        "options": f"{parameters.get('options', '')} {more}".strip(),
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": milliseconds,
        "application_name": "bareme edge",
    }


def _text(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return str(value).encode()


def _rows(result: pq.abc.PGresult) -> Rows:
    texts = ((result.get_value(row, column) for column in range(result.nfields)) for row in range(result.ntuples))
    return [tuple(None if text is None else text.decode() for text in row) for row in texts]


def _trouble(result: pq.abc.PGresult) -> Exception:
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    return (Unfit if state.startswith(ROWS_AT_FAULT) else Away)(f"{state} {message}")
