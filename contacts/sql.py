"""The contacts' hand-written statements: one function each, values always bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from contacts.models import Contact

Wanted = Sequence[tuple[int, QuerySet[Contact]]]


def contacts(ids: Sequence[int]) -> QuerySet[Contact]:
    """The contacts of these ids, as one value however many they are: thousands of them are read, planned and hashed once."""
    return Contact.objects.filter(pk__in=one_of(ids))


def one_of(ids: Sequence[int]) -> RawSQL:
    """These ids for an `__in`, as one value."""
    return RawSQL("SELECT unnest(%s::bigint[])", [array(ids)])


# Who is not in and is meant to be (without a membership), and who is in by rule and is not meant to be any more.
MOVING = """
SELECT segment_id, contact_id, m.id AS membership_id
FROM ({wanted}) w(segment_id, contact_id) FULL JOIN (
  SELECT m.id, m.segment_id, m.contact_id, m.reason FROM contacts_membership m WHERE m.segment_id = ANY(%s) {among}
) m USING (segment_id, contact_id)
WHERE m.id IS NULL OR (w.contact_id IS NULL AND m.reason = 'rule')
"""
MOVE = """
gone AS (
  DELETE FROM contacts_membership WHERE id IN (
    SELECT m.id FROM contacts_membership m JOIN moving ON moving.membership_id = m.id ORDER BY m.segment_id, m.contact_id FOR UPDATE OF m
  ) AND reason = 'rule' RETURNING id
),
come AS (
  INSERT INTO contacts_membership (segment_id, contact_id, is_member, reason, note, since)
  SELECT segment_id, contact_id, true, 'rule', '', now() FROM moving WHERE membership_id IS NULL ORDER BY segment_id, contact_id
  ON CONFLICT (segment_id, contact_id) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM come), (SELECT count(*) FROM gone)
"""


def rebuild(wanted: Wanted, contact_ids: Sequence[int] | None = None) -> tuple[int, int]:
    """Make the memberships by rule of these segments those that are wanted; return how many entered and left.

    A membership that was somebody's decision stays as it is, in or out. With `contact_ids`, `wanted` is about these only,
    and so is what goes; a segment may be given several times: who is in any of its querysets is wanted. Repeating changes nothing. Locks rows by segment and contact, in that order (the index of
    `one_membership_per_segment_and_contact`). In a transaction, if about everybody: who moves is noted in a table of its own
    first, since PostgreSQL shares out among its workers what it reads for that, but not what it reads for a change of rows.
    """
    statement, params = _union(wanted)
    among = "" if contact_ids is None else "AND m.contact_id = ANY(%s::bigint[])"
    segment_ids = sorted({segment_id for segment_id, _queryset in wanted})
    params = [*params, segment_ids, *([] if contact_ids is None else [array(contact_ids)])]
    moving = MOVING.format(wanted=statement, among=among)
    if contact_ids is None:
        execute(f"CREATE TEMPORARY TABLE moving ON COMMIT DROP AS {moving}", params)
        ((entered, left),) = tuples(f"WITH {MOVE}", [])
        execute("DROP TABLE moving")
    else:
        ((entered, left),) = tuples(f"WITH moving AS MATERIALIZED ({moving}), {MOVE}", params)
    return entered, left


def _union(wanted: Wanted) -> tuple[str, list[Any]]:
    parts, params = [], []
    for segment_id, queryset in wanted:
        statement, values = compiled(queryset)
        parts.append(f"SELECT %s::bigint, id FROM ({statement}) contact")
        params += [segment_id, *values]
    return " UNION ".join(parts), params


def compiled(queryset: QuerySet[Contact]) -> tuple[str, Sequence[Any]]:
    """The statement that selects the ids of these contacts, and its values."""
    try:
        return queryset.order_by().values("id").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::bigint AS id WHERE false", ()


ADD = """
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at), changed AS (
  INSERT INTO contacts_membership AS m (segment_id, contact_id, is_member, reason, note, since)
  SELECT %s, id, true, %s, %s, moment.at FROM ({contacts}) contact CROSS JOIN moment ORDER BY id
  ON CONFLICT (segment_id, contact_id) DO UPDATE SET is_member = true, reason = excluded.reason, note = excluded.note,
    since = CASE WHEN m.is_member THEN m.since ELSE excluded.since END
  WHERE NOT m.is_member OR m.reason = 'rule'
  RETURNING since
)
SELECT count(*) FROM changed JOIN moment ON since = moment.at
"""


def add_members(segment_id: int, contacts: QuerySet[Contact], reason: str, note: str) -> int:
    """Put contacts into a segment by decision; return how many were not in it. Who is in by decision already stays so."""
    statement, params = compiled(contacts)
    return _count(ADD.format(contacts=statement), [segment_id, reason, note, *params])


REMOVE = """
WITH changed AS (
  INSERT INTO contacts_membership AS m (segment_id, contact_id, is_member, reason, note, since)
  SELECT %s, id, false, %s, %s, now() FROM ({contacts}) contact
  WHERE %s OR EXISTS (SELECT FROM contacts_membership WHERE segment_id = %s AND contact_id = contact.id AND is_member)
  ORDER BY id
  ON CONFLICT (segment_id, contact_id) DO UPDATE SET is_member = false, reason = excluded.reason, note = excluded.note,
    since = excluded.since
  WHERE m.is_member
  RETURNING xmax <> 0 AS was_there
)
SELECT count(*) FROM changed WHERE was_there
"""


def remove_members(segment_id: int, contacts: QuerySet[Contact], reason: str, note: str, *, bar: bool) -> int:
    """Take contacts out of a segment by decision; return how many were in it.

    With `bar`, contacts who were not in it are kept out, too: conditions will not bring them in.
    """
    statement, params = compiled(contacts)
    return _count(REMOVE.format(contacts=statement), [segment_id, reason, note, *params, bar, segment_id])


ADD_TAGS = """
INSERT INTO contacts_contacttag (contact_id, tag_id, created_at)
SELECT contact.id, tag.id, now() FROM ({contacts}) contact CROSS JOIN unnest(%s::bigint[]) AS tag(id)
ORDER BY contact.id, tag.id ON CONFLICT (contact_id, tag_id) DO NOTHING
"""


def add_tags(contacts: QuerySet[Contact], tag_ids: Sequence[int]) -> int:
    """Give each of the contacts each of the tags; return how many were new."""
    statement, params = compiled(contacts)
    return execute(ADD_TAGS.format(contacts=statement), [*params, list(tag_ids)])


NAME_ROWS = """
INSERT INTO {table} ({columns}) SELECT {values} FROM (
  SELECT DISTINCT ON (lower(name)) name FROM unnest(%s::text[]) AS name ORDER BY lower(name), name
) wanted WHERE NOT EXISTS (SELECT FROM {table} t WHERE lower(t.name) = lower(wanted.name))
ORDER BY lower(name) ON CONFLICT (lower(name)) DO NOTHING
"""
COLUMNS_OF = {
    "contacts_tag": ("name", "name"),
    "contacts_company": (
        "name, domain, industry, city, country, created_at",
        "name, '', '', '', '', now()",
    ),
}


def name_rows(table: str, names: Sequence[str]) -> None:
    """Make the tags or companies of these names where missing, whatever their case; safe to race."""
    columns, values = COLUMNS_OF[table]
    execute(NAME_ROWS.format(table=table, columns=columns, values=values), [list(names)])


def set_hold(value: str) -> str:
    """Set `bareme.hold` until the end of the transaction; return what it was."""
    ((before,),) = tuples("SELECT coalesce(current_setting('bareme.hold', true), '')", [])
    tuples("SELECT set_config('bareme.hold', %s, true)", [value])
    return str(before)


def limit_time(seconds: int) -> None:
    """Give up statements of this transaction that take longer."""
    tuples("SELECT set_config('statement_timeout', %s, true)", [f"{seconds}s"])


def lock_rebuild(segment_id: int) -> None:
    """One rebuild of a segment at a time, until the end of the transaction."""
    tuples("SELECT pg_advisory_xact_lock(hashtext('contacts.rebuild'), %s::int)", [segment_id % 2**31])


def lock_consent() -> None:
    """One change of what is asked for consent at a time, until the end of the transaction."""
    tuples("SELECT pg_advisory_xact_lock(hashtext('contacts.consent'))", [])


def lock_retention() -> None:
    """One change of how long data is kept at a time, until the end of the transaction."""
    tuples("SELECT pg_advisory_xact_lock(hashtext('contacts.retention'))", [])


def _count(statement: str, params: Sequence[Any]) -> int:
    ((count,),) = tuples(statement, params)
    return int(count)


# --- what every app's sql.py runs its statements through --------------------------------------------------------------


def array(values: Iterable[int | str | None]) -> str:
    """Numbers, or UUIDs as text, as one value for `%s::bigint[]` or `uuid[]`.

    The driver would adapt each by itself: most of the time of a large batch. So short, JSON is what PostgreSQL reads, but
    for the brackets; a text with a line break would not be.
    """
    return "{" + orjson.dumps(list(values)).decode()[1:-1] + "}"


def tuples(statement: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement, values bound."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def dicts(statement: str, params: Sequence[Any] | Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a statement by column name."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def execute(statement: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> int:
    """Run a statement; how many rows it touched. Without params, a per cent sign in it is itself."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)
