"""The demo world's own statements: the clock by which the database notes changes of contacts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

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


def _set(value: str, *, local: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SET_CLOCK, [value, local])
