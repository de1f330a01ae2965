"""Strangers do not fill the log with our code."""

import logging
import sys

import pytest

from config.logs import without_their_tracebacks


@pytest.mark.parametrize(
    ("name", "status", "kept"),
    [("django.security.DisallowedHost", 400, False), ("django.request", 400, False), ("django.request", 500, True)],
)
def test_what_strangers_are_refused_for_has_no_traceback(name, status, kept):
    try:
        raise ValueError
    except ValueError:
        record = logging.LogRecord(name, logging.ERROR, __file__, 1, "Invalid host", (), sys.exc_info())
        record.status_code = status

    assert without_their_tracebacks(record) is True
    assert bool(record.exc_info) is kept
