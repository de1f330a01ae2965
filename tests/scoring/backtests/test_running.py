"""Carrying a back-test out: range by range, whoever does it."""

import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from config import pipeline
from config.celery import app
from scoring.backtests import answers, running
from scoring.backtests.reports import report
from scoring.backtests.verdicts import Worth, compare
from scoring.models import BackTest, BackTestRange, Repeat
from scoring.tasks import carry_back_tests
from tests.scoring.backtests.asking import BEFORE, event, finished, person, question, submit
from tracking.models import Kind

pytestmark = pytest.mark.django_db


# Running


@pytest.fixture
def crowd(publish, guide, demo):
    """A hundred contacts, those who read most convert most."""
    publish(10, repeat=Repeat.ALWAYS)
    people = [person() for _ in range(100)]
    for number, contact in enumerate(people):
        for day in range(number % 5):
            event(contact, Kind.ASSET_DOWNLOADED, guide, BEFORE - timedelta(days=day))
        if number % 5 > 2 or number % 20 == 0:
            submit(contact, demo)
    pipeline.drain()
    return people


def test_a_back_test_is_carried_out_range_by_range_to_the_same_answer(crowd):
    whole, parts = running.ask(question()), running.ask(question())
    finished(whole)
    running.step(parts.pk, size=7)
    parts.refresh_from_db()
    assert (parts.state, parts.seen, parts.total, parts.percent) == ("running", 7, 100, 7)
    finished(parts, size=7)

    assert parts.results == whole.results
    assert (whole.state, parts.state, BackTestRange.objects.count()) == ("done", "done", 0)
    answer = answers.load(parts.results)
    assert (answer.contacts, answer.earlier, answer.reports["today"].verdict.base.count) == (100, 0, 45)
    assert answer.reports["today"].verdict.worth == Worth.VERY_GOOD


def test_the_worker_carries_on_what_was_asked(crowd):
    test = running.ask(question())
    carry_back_tests()
    test.refresh_from_db()
    assert test.state == "done"
    carry_back_tests()


def test_few_outcomes_are_refused_and_nobody_is_told_from_nobody(crowd, demo):
    early = finished(running.ask(question(cutoff=date(2024, 1, 1))))
    assert answers.load(early.results).reports["today"].verdict.worth == Worth.TOO_FEW_CONVERSIONS
    other = finished(running.ask(question(params={"only": [demo.pk + 1]})))
    assert answers.load(other.results).reports["today"].verdict.worth == Worth.TOO_FEW_CONVERSIONS


def test_capacity_is_counted_over_the_time_tested():
    months = [running.capacity_in(question(capacity=100, horizon_days=days)) for days in (1, 30, 365)]
    assert (months, running.capacity_in(question())) == ([3, 99, 1200], None)


def test_a_stopped_back_test_stays_stopped(crowd):
    test = running.ask(question())
    running.step(test.pk, size=10)
    assert running.cancel(test)
    assert not running.step(test.pk)
    test.refresh_from_db()
    assert (test.state, test.seen, BackTestRange.objects.count(), running.cancel(test)) == ("cancelled", 10, 0, False)


@pytest.mark.django_db(transaction=True)
def test_what_one_worker_has_in_hand_another_leaves_alone(crowd):
    test = running.ask(question())
    found = []

    def other_worker():
        found.append(running.step(test.pk))
        connection.close()

    with transaction.atomic():
        BackTest.objects.select_for_update().get(pk=test.pk)
        thread = Thread(target=other_worker)
        thread.start()
        thread.join()
    assert (found, running.step(test.pk)) == ([False], True)


def test_the_clock_rings_for_tasks_that_there_are():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_what_goes_wrong_ends_the_back_test_and_not_the_next_one(crowd):
    wrong, right = running.ask(question(outcome="retired")), running.ask(question())
    carry_back_tests()
    wrong.refresh_from_db()
    right.refresh_from_db()
    assert (wrong.state, wrong.error, right.state) == ("failed", "Unknown type: retired", "done")


def test_a_range_costs_the_same_number_of_queries_however_many_contacts_it_has(crowd):
    def queries(size):
        test = running.ask(question())
        running.step(test.pk, size=1)
        with CaptureQueriesContext(connection) as seen:
            running.step(test.pk, size=size)
        running.cancel(test)
        return len(seen)

    assert queries(2) == queries(80) <= 15


# The answer


def test_an_answer_is_read_as_it_was_kept():
    rows = [(Decimal(number), Decimal(number // 2), number % 3 == 0 or number > 60) for number in range(90)]
    reports = {"today": report([(first, outcome) for first, _, outcome in rows], capacity=20), "none": report([])}
    answer = answers.Answer(reports, compare(rows), 90, 4)

    read = answers.load(answers.dump(answer))
    assert answers.dump(read) == answers.dump(answer)
    assert (read.comparison, read.contacts, read.earlier) == (answer.comparison, 90, 4)
    for name, kept in reports.items():
        assert read.reports[name].verdict == kept.verdict
        assert list(read.reports[name].thresholds) == list(kept.thresholds)
        assert list(read.reports[name].suggestions) == list(kept.suggestions)
        assert (list(read.reports[name].bands), read.reports[name].top) == (list(kept.bands), kept.top)


def test_numbers_are_crunched_by_a_library_that_is_loaded_only_then():
    script = (
        "import sys, django; django.setup(); import config.urls, config.tasks, scoring.tasks, scoring.admin\n"
        "import scoring.management.commands.backtest; sys.exit('numpy' in sys.modules)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    assert subprocess.run([sys.executable, "-c", script], env=environment).returncode == 0
