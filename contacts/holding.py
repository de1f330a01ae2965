"""Bulk work must not mail a crowd by surprise: what it changes is noted as held (see `contacts.models.Change`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from contacts import sql


@contextmanager
def held() -> Iterator[None]:
    """Changes made within are held: score crossings they cause wait for a marketer's release. Its own transaction."""
    with transaction.atomic():
        before = sql.set_hold("on")
        yield
        sql.set_hold(before)  # not after an error: the rollback has undone it
