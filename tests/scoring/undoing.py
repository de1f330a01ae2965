"""Checks of a property that leave the database as it was, so that the next example finds it empty."""

from django.db import transaction


class Undone(Exception):
    """Leaves an atomic block without a trace."""


def trying(check):
    """Run a check in the database and undo everything it did."""
    try:
        with transaction.atomic():
            check()
            raise Undone
    except Undone:
        pass
