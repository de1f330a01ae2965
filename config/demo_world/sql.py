"""The demo world's own statements: the clock by which the database notes changes of contacts, and dates of profile lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

SET_CLOCK = "SELECT set_config('bareme.at', %s, %s)"


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Changes of contacts made within were made at this moment. A transaction of its own."""
    with transaction.atomic():
        _set(moment.isoformat(), local=True)
        yield


@contextmanager
def around(moment: datetime) -> Iterator[None]:
    """The same for what the pipeline changes within, over all its transactions."""
    _set(moment.isoformat(), local=False)
    try:
        yield
    finally:
        _set("", local=False)


# In groups that fade, other dates would need other sums: there they stay.
BEGIN_HOLDINGS = """
WITH begun AS (
  UPDATE scoring_holding h SET since = d.moment, first_at = least(h.first_at, d.moment)
  FROM (
    SELECT h.id, greatest(v.valid_from, coalesce(%(moment)s::timestamptz, c.created_at)) AS moment
    FROM scoring_holding h JOIN contacts_contact c ON c.id = h.contact_id
    JOIN scoring_pointactionversion v ON v.id = h.version_id
    JOIN scoring_pointgroup g ON g.id = v.group_id AND g.half_life_days IS NULL
    WHERE h.since >= %(begun)s
  ) d WHERE d.id = h.id RETURNING h.contact_id, h.version_id, h.first_at
)
UPDATE scoring_pointentry p SET first_at = b.first_at, last_at = b.first_at
FROM begun b WHERE p.contact_id = b.contact_id AND p.version_id = b.version_id
"""
END_HOLDINGS = """
UPDATE scoring_holding SET until = greatest(since, %(moment)s::timestamptz) WHERE until >= %(begun)s AND %(moment)s::timestamptz IS NOT NULL
"""


@contextmanager
def holding_since(moment: datetime | None) -> Iterator[None]:
    """What the pipeline finds true of contacts within has been true since this moment; None: since each was made."""
    begun = timezone.now()
    yield
    with connection.cursor() as cursor:
        for statement in (BEGIN_HOLDINGS, END_HOLDINGS):
            cursor.execute(statement, {"moment": moment and moment.isoformat(), "begun": begun})


def _set(value: str, *, local: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SET_CLOCK, [value, local])
