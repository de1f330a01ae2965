"""An outage of PostgreSQL or Valkey is a line when it begins and a line when it ends; everything else is logged as ever."""

import json
import logging
import os
import sys
import time

import kombu.exceptions
import psycopg
import pytest
import redis
from django.db import InterfaceError, OperationalError

from config import away
from config.celery import GivenUp
from config.logs import JsonFormatter
from tests.live import until
from tracking.edge.line_sql import Away


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Looks for what is away a hundred times a second; whatever is away, of other tests too, is back in the end."""
    until(lambda: not any(part.is_away for part in away.PARTS.values()))
    monkeypatch.setattr(away, "PAUSE", 0.01)
    yield
    monkeypatch.undo()
    until(lambda: not any(part.is_away for part in away.PARTS.values()))


@pytest.fixture
def gone(settings, tmp_path):
    """Valkey is not there, until this is called."""
    url, settings.REDIS_URL = settings.REDIS_URL, f"unix://{tmp_path}/nothing.sock"

    def back():
        settings.REDIS_URL = url

    yield back
    back()


def record(error, name="celery.app.trace", message="Task pipeline.tick[4-2] raised unexpected", level=logging.ERROR):
    try:
        raise error
    except type(error):
        return logging.LogRecord(name, level, __file__, 1, message, (), sys.exc_info())


def raised_from(error, cause):
    error.__cause__ = cause
    return error


def said(caplog):
    return [row.getMessage() for row in caplog.records if row.name == "config.away"]


def test_however_much_fails_the_beginning_and_the_end_are_a_line_each(gone, caplog):
    refused = redis.ConnectionError("Error 111 connecting to a.sock.\nConnection refused.")
    kept = [away.Outages().filter(record(refused)) for _time in range(30)]

    assert kept == [False] * 30
    assert said(caplog) == [
        "Valkey is away, what is to be done waits: ConnectionError: Error 111 connecting to a.sock."
    ]
    gone()
    until(lambda: len(said(caplog)) > 1)
    assert said(caplog)[1:] == ["Valkey is back after 0 s; messages about it left out: 30"]


def test_a_channel_whose_connection_was_given_up_is_no_outage_of_its_own(caplog):
    """It is closed once Valkey is back: "is away" was told a second time."""
    late = record(GivenUp("the connection was given up"), message="Could not restore the message")

    assert (away.Outages().filter(late), away.Outages(each=True).filter(late)) == (False, True)
    assert (said(caplog), away.PARTS["Valkey"].is_away) == ([], False)


def test_a_second_outage_is_told_again(caplog):
    for _time in range(2):
        away.Outages().filter(record(OperationalError("the connection is lost")))
        until(lambda: not away.PARTS["PostgreSQL"].is_away)

    assert [line.split(":")[0] for line in said(caplog)] == [
        "PostgreSQL is away, what is to be done waits",
        "PostgreSQL is back after 0 s; messages about it left out",
    ] * 2


def test_a_long_outage_is_told_again_in_ever_longer_pauses(gone, caplog, monkeypatch):
    monkeypatch.setattr(away, "FIRST_REMINDER", 0.1)
    away.Outages().filter(record(redis.TimeoutError("timed out")))
    begun = time.monotonic()
    until(lambda: len(said(caplog)) == 4)

    assert time.monotonic() - begun > 0.6  # after 0.1, 0.3 and 0.7 s
    assert {line.partition(":")[0] for line in said(caplog)[1:]} == {"Valkey is still away after 0 s"}
    assert "No such file" in said(caplog)[1]  # what stands in its way now


def of_postgres(name):
    return raised_from(OperationalError("away"), getattr(psycopg.errors, name)("away"))


@pytest.mark.parametrize(
    ("error", "server"),
    [
        (OperationalError("consuming input failed: server closed the connection unexpectedly"), "PostgreSQL"),
        (psycopg.OperationalError("the connection is closed"), "PostgreSQL"),
        (InterfaceError("connection already closed"), "PostgreSQL"),
        (of_postgres("AdminShutdown"), "PostgreSQL"),
        (of_postgres("CrashShutdown"), "PostgreSQL"),
        (of_postgres("CannotConnectNow"), "PostgreSQL"),
        (of_postgres("ConnectionFailure"), "PostgreSQL"),
        (Away("it did not answer in time"), "PostgreSQL"),
        (raised_from(ValueError("of ours"), OperationalError("the connection is lost")), "PostgreSQL"),
        (redis.ConnectionError("closed by server"), "Valkey"),
        (redis.BusyLoadingError("it is loading"), "Valkey"),
        (raised_from(kombu.exceptions.OperationalError("refused"), OSError("refused")), "Valkey"),
        (of_postgres("DeadlockDetected"), None),
        (of_postgres("DiskFull"), None),
        (of_postgres("OutOfMemory"), None),
        (of_postgres("QueryCanceled"), None),
        (of_postgres("LockNotAvailable"), None),
        (InterfaceError("the cursor is closed"), None),
        (psycopg.errors.UniqueViolation("twice"), None),
        (redis.ResponseError("OOM command not allowed"), None),
        (redis.ReadOnlyError("of a replica"), None),
        (ConnectionRefusedError("by a mail server"), None),
        (ValueError("a bug"), None),
    ],
)
def test_only_what_a_missing_server_makes_fail_is_its_outage(error, server):
    row = record(error)

    assert away.server_missing(error) == server
    assert away.Outages().filter(row) is (server is None)
    assert bool(row.exc_info) is True  # untouched


def test_an_error_told_within_a_message_counts_too(gone, caplog):
    refused = redis.ConnectionError("refused")
    row = logging.LogRecord(
        "celery.beat", logging.ERROR, __file__, 1, "beat: %s. Again in %s seconds", (refused, 2), None
    )

    assert away.Outages().filter(row) is False
    assert said(caplog) == ["Valkey is away, what is to be done waits: ConnectionError: refused"]


def test_what_it_led_to_is_kept_as_a_line():
    error = OperationalError("the connection is lost\nDETAIL: long")
    lost, quoted = (
        record(error, "tracking.edge.commits", "3 hits were lost"),
        record(error, "campaigns", f"no: {error}"),
    )
    kept = [away.Outages().filter(row) for row in (lost, quoted)]

    assert kept == [True, True]
    assert lost.getMessage() == "3 hits were lost (OperationalError: the connection is lost)"
    assert quoted.getMessage() == "no: the connection is lost"
    assert (lost.exc_info, quoted.exc_info) == (None, None)


def test_machines_that_count_get_a_line_for_each_without_a_traceback():
    row = record(OperationalError("the connection is lost"))
    broken = record(ValueError("a bug"))

    assert (away.Outages(each=True).filter(row), away.Outages(each=True).filter(broken)) == (True, True)
    written, whole = (json.loads(JsonFormatter().format(line)) for line in (row, broken))
    assert written["message"] == (
        "Task pipeline.tick[4-2] raised unexpected (OperationalError: the connection is lost)"
    )
    assert "traceback" not in written
    assert "ValueError: a bug" in whole["traceback"]


def test_whoever_debugs_gets_everything(monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    logging.getLogger().manager._clear_cache()
    row = record(OperationalError("the connection is lost"))

    assert away.Outages().filter(row) is True
    assert bool(row.exc_info) is True
    monkeypatch.undo()
    logging.getLogger().manager._clear_cache()


def test_requests_that_were_asked_to_come_again_are_not_listed_while_a_server_is_away(gone):
    row = logging.LogRecord("django.request", logging.ERROR, __file__, 1, "Service Unavailable: /admin/", (), None)
    row.status_code = 503

    before = away.Outages().filter(row)
    away.Outages().filter(record(redis.ConnectionError("refused")))

    assert (before, away.Outages().filter(row)) == (True, False)


def test_a_process_that_was_forked_sees_for_itself(gone):
    away.Outages().filter(record(redis.ConnectionError("refused")))
    assert away.PARTS["Valkey"].is_away
    child = os.fork()
    if not child:
        os._exit(int(away.PARTS["Valkey"].is_away))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
