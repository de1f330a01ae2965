"""The statements that put temporary tables, as they were at an instant, before the real ones of the same name.

A table is rewound in one statement, hence on one snapshot of what is and of what was noted: whatever is committed
between two of them, each comes out as it was at the instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from contacts.models import Change
from contacts.sql import execute
from tracking.inbox import KIND_OF_CHANGE

# What was noted after the instant, as events or still waiting to become events.
LATER = """
  SELECT contact_id, data, kind = %(went)s AS went, at, 0 AS waits, id FROM tracking_event
  WHERE at > %(at)s AND kind IN (%(came)s, %(went)s) {of_contacts}
  UNION ALL
  SELECT contact_id, data || jsonb_build_object('id', ref_id), kind = %(went_note)s, at, 1, id FROM contacts_change
  WHERE at > %(at)s AND kind IN (%(came_note)s, %(went_note)s) {of_contacts}
"""

# A column had the old value of its first change since, or has not changed.
CONTACTS = """
CREATE TEMPORARY TABLE contacts_contact ON COMMIT DROP AS
WITH first AS (
  SELECT DISTINCT ON (contact_id, field) contact_id, field, change -> 0 AS old
  FROM ({later}) later, jsonb_each(data) AS value(field, change) WHERE jsonb_typeof(change) = 'array'
  ORDER BY contact_id, field, at, waits, id
), was AS (
  SELECT contact_id, jsonb_object_agg(field, old) AS columns FROM first GROUP BY contact_id
)
SELECT rewound.* FROM contacts_contact c LEFT JOIN was ON was.contact_id = c.id, jsonb_populate_record(c, was.columns) rewound
WHERE c.created_at <= %(at)s {with_ids};
CREATE INDEX ON pg_temp.contacts_contact (id);
"""

# What is in a list had been there if it went first since, had not if it came first, and is as it is if neither.
TURN = """
turn AS (
  SELECT DISTINCT ON (contact_id, {key}) contact_id, {key}, went AS was_there, data
  FROM (SELECT *, (data ->> '{name}')::{type} AS {key} FROM ({later}) l) later ORDER BY contact_id, {key}, at, waits, id
)
"""
TAGS = """
CREATE TEMPORARY TABLE contacts_contacttag ON COMMIT DROP AS
WITH {turn}, present AS (SELECT * FROM contacts_contacttag WHERE true {of_contacts})
SELECT coalesce(p.id, -row_number() OVER ()) AS id, contact_id, tag_id, p.created_at
FROM present p FULL JOIN turn USING (contact_id, tag_id) WHERE coalesce(was_there, true);
CREATE INDEX ON pg_temp.contacts_contacttag (contact_id);
"""
MEMBERSHIPS = """
CREATE TEMPORARY TABLE contacts_membership ON COMMIT DROP AS
WITH {turn}, present AS (SELECT * FROM contacts_membership WHERE true {of_contacts})
SELECT coalesce(p.id, -row_number() OVER ()) AS id, contact_id, segment_id, coalesce(was_there, is_member) AS is_member,
  coalesce(p.reason, data ->> 'reason') AS reason, coalesce(p.note, data ->> 'note') AS note, p.since
FROM present p FULL JOIN turn USING (contact_id, segment_id) WHERE coalesce(was_there, true);
CREATE INDEX ON pg_temp.contacts_membership (contact_id);
"""
BLOCKS = """
CREATE TEMPORARY TABLE contacts_donotcontact ON COMMIT DROP AS
WITH {turn}, present AS (SELECT * FROM contacts_donotcontact WHERE true {of_contacts})
SELECT coalesce(p.id, -row_number() OVER ()) AS id, contact_id, channel, coalesce(p.reason, data ->> 'reason') AS reason,
  coalesce(p.note, '') AS note, p.created_at
FROM present p FULL JOIN turn USING (contact_id, channel) WHERE coalesce(was_there, true);
CREATE INDEX ON pg_temp.contacts_donotcontact (contact_id);
"""

# Append-only, so the instant itself is the condition. Views, because events are too many to copy.
CONSENTS = """
CREATE TEMPORARY VIEW contacts_consent AS SELECT * FROM contacts_consent WHERE given_at <= %(at)s {of_contacts};
"""
EVENTS = """
CREATE TEMPORARY VIEW tracking_event AS SELECT * FROM tracking_event WHERE at <= %(at)s {of_contacts};
"""

# Nobody else analyzes temporary tables; a tenth of the usual sample does, for a tenth of the time.
# Named first in the path, and so changing it: plans the session may have prepared are made again.
# Writing to temporary tables stays possible in a read-only transaction, making them does not: hence at the end.
CLOSE = """
SET LOCAL default_statistics_target = 10;
ANALYZE pg_temp.contacts_contact, pg_temp.contacts_contacttag, pg_temp.contacts_membership, pg_temp.contacts_donotcontact;
SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true);
SET LOCAL transaction_read_only = on;
"""
WRITES = ("INSERT", "UPDATE", "DELETE")


class ReadOnlyPast(Exception):
    """Somebody tried to write while looking at the past."""


@contextmanager
def rewound(at: datetime, contact_ids: Sequence[int] | None) -> Iterator[None]:
    """Within, statements that name the tables of contacts and events find them as they were, of these contacts alone.

    Takes no lock that a SELECT would not take. Nothing can be written within, and at the end all of it is rolled back, to
    the savepoint if the caller has a transaction: the temporary tables, the path to them, the refusal to write.
    """
    with transaction.atomic():
        try:
            execute(_script(at, contact_ids))
            with connection.execute_wrapper(_refuse_writes):
                yield
        finally:
            transaction.set_rollback(True)


def _script(at: datetime, contact_ids: Sequence[int] | None) -> str:
    """One trip to the server. Values are bound here: the server binds none in what makes tables and views."""
    tables = [
        (CONTACTS, "", "", Change.Kind.UPDATED, Change.Kind.UPDATED),
        (TAGS, "tag_id", "id", Change.Kind.TAGGED, Change.Kind.UNTAGGED),
        (MEMBERSHIPS, "segment_id", "id", Change.Kind.ENTERED, Change.Kind.LEFT),
        (BLOCKS, "channel", "channel", Change.Kind.BLOCKED, Change.Kind.UNBLOCKED),
    ]
    among = {
        "of_contacts": "" if contact_ids is None else "AND contact_id = ANY(%(ids)s)",
        "with_ids": "" if contact_ids is None else "AND c.id = ANY(%(ids)s)",
    }
    later = LATER.format(**among)
    parts = []
    for statement, key, name, came, went in tables:
        turn = TURN.format(key=key, name=name, type="text" if key == "channel" else "bigint", later=later)
        parts.append(_bound(statement.format(turn=turn, later=later, **among), at, contact_ids, came, went))
    parts += [_bound(statement.format(**among), at, contact_ids) for statement in (CONSENTS, EVENTS)]
    return "".join([*parts, CLOSE])


def _bound(statement: str, at: datetime, contact_ids: Sequence[int] | None, *notes: Change.Kind) -> str:
    values: dict[str, Any] = {"at": at, "ids": contact_ids}
    for name, note in zip(("came", "went"), notes, strict=False):
        values |= {name: int(KIND_OF_CHANGE[note]), f"{name}_note": note.value}
    return str(connection.ops.compose_sql(statement, values))  # type: ignore[attr-defined]


def _refuse_writes(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    """The database refuses to write to real tables; temporary ones it would let be written."""
    if sql.lstrip()[:6].upper() in WRITES:
        raise ReadOnlyPast("the past cannot be written to")
    return execute(sql, *rest)
