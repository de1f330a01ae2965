"""Whether work that failed in the background may succeed by itself, or fails again."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

QUERY_CANCELED = "57014"


def comes_back(error: Exception) -> bool:
    """The database is away, or somebody holds what we need: the next try goes on. What takes too long will do so again."""
    took_too_long = getattr(error.__cause__, "sqlstate", "") == QUERY_CANCELED
    return isinstance(error, OperationalError | InterfaceError) and not took_too_long
