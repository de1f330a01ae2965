"""The generator's own statements: COPY, and the database's notes of changes switched off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from django.db import connection, transaction

from contacts.sql import execute, tuples

LINES = 5000  # handed to the server at once


@contextmanager
def unnoted(*tables: str) -> Iterator[None]:
    """A transaction in which changes of these tables are not noted for the pipeline.

    The triggers of contacts would leave a note in contacts_change for each of a million contacts, tags, consents and
    memberships, and the pipeline would work for an hour to make events of them that mean nothing. DISABLE TRIGGER belongs to
    the transaction: it rolls back with it, nobody else writes to the table meanwhile (it is locked), foreign keys stay
    checked, and unlike session_replication_role it needs no superuser.
    """
    with transaction.atomic():
        for table in tables:
            execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        execute("SET CONSTRAINTS ALL IMMEDIATE")  # ALTER TABLE refuses while checks wait for the end
        for table in tables:
            execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def copy(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Stream lines of COPY's text format into a table: memory does not grow with their number."""
    lines = iter(lines)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as stream:
        while block := list(islice(lines, LINES)):
            stream.write("".join(block))


def close() -> None:
    """End this thread's connection."""
    connection.close()


def reserve(table: str, count: int) -> int:
    """Take `count` numbers of the table's sequence; the first of them."""
    ((sequence,),) = tuples("SELECT pg_get_serial_sequence(%s, 'id')", [table])
    ((last,),) = tuples(f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}", [])
    execute("SELECT setval(%s, %s)", [sequence, last + count])
    return int(last) + 1


def start_after(table: str, last: int) -> None:
    """The next row of the table gets a number above `last`, which was given without asking the sequence."""
    execute(
        "SELECT setval(pg_get_serial_sequence(%s, 'id'), greatest(%s, nextval(pg_get_serial_sequence(%s, 'id'))))",
        [table, last, table],
    )


def vacuum(*tables: str) -> None:
    """What autovacuum would do within the hour: statistics for the planner, visibility for index-only scans.

    Inside a transaction, a test's, statistics alone.
    """
    command = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)"
    for table in tables:
        execute(f"{command} {table}")


def database() -> str:
    """The name of the database we work on: in a test, not the one of the settings."""
    return str(connection.settings_dict["NAME"])


def use_database(name: str) -> None:
    connection.settings_dict["NAME"] = name
