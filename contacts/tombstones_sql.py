"""The lock between erasures and imports. Erasures take it before any other."""

from __future__ import annotations

from contacts.sql import execute

LOCK = 7_304_112  # of PostgreSQL's advisory locks


def own_addresses() -> None:
    execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def share_addresses() -> None:
    execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
