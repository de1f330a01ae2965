"""Runs: in steps that can be broken off, one at a time, once a day; a kind that fails stops no other."""

import uuid

import pytest
from django.core.management import call_command
from django.db import OperationalError

from contacts import sql as contacts_sql
from contacts.models import RetentionRun
from contacts.privacy import retention
from contacts.privacy.retention import Kind, Unit, kinds, runs
from tests.factories import (
    FormFactory,
    LandingPageFactory,
    UserFactory,
)
from tests.retention.decided import OLD, ago, world_of_visits, wrong
from tracking import retention as tracking_retention
from tracking.models import (
    DayCount,
    HeldSubmission,
)

pytestmark = pytest.mark.django_db


def test_a_run_that_is_broken_off_goes_on_where_it_was(ada, monkeypatch):
    monkeypatch.setattr(tracking_retention, "BATCH", 2)
    monkeypatch.setattr(tracking_retention, "HELD", 2)
    page = LandingPageFactory()
    world_of_visits(page)
    run, steps, real = runs.ask(), 0, runs._step

    def killed(run_id):
        nonlocal steps
        steps += 1
        done = real(run_id)
        if steps % 3 == 0:
            raise KeyboardInterrupt  # before the commit: as if the process were killed
        return done

    monkeypatch.setattr(runs, "_step", killed)
    while True:
        try:
            if not runs.carry(run.pk):
                break
        except KeyboardInterrupt:
            continue
    run.refresh_from_db()
    assert (run.errors, run.counts) == ({}, {"anonymous_events": 11, "event_details": 9})
    assert list(DayCount.objects.values_list("times", "machines", "people", "nameless")) == [(8, 2, 2, 2)]
    assert wrong() == []


def test_one_run_at_a_time_and_one_a_day():
    first = runs.begin_day()
    assert (runs.begin_day(), runs.ask(UserFactory())) == (first, first)
    runs.carry(first.pk)

    assert runs.begin_day() is None
    RetentionRun.objects.update(started_at=ago(days=1))
    assert runs.begin_day() != first


def fails():
    raise RuntimeError("no way")


def takes_too_long():
    contacts_sql.limit_time(1)
    contacts_sql.tuples("SELECT pg_sleep(5)", [])


@pytest.mark.parametrize(("broken", "words"), [(fails, "no way"), (takes_too_long, "statement timeout")])
def test_a_kind_that_fails_is_told_and_the_others_go_on(broken, words):
    class Broken(Kind):
        key, position, label, becomes, unit, default = "broken", -1, "Broken", "", Unit.DAYS, 1

        def step(self, due, mark):
            broken()

    kinds.add(Broken())
    try:
        HeldSubmission.objects.create(form=FormFactory(), key=uuid.uuid4(), at=ago(**OLD))
        run = runs.ask()
        runs.carry(run.pk)
    finally:
        kinds._types.pop("broken")
    run.refresh_from_db()
    assert (run.counts, list(run.errors), run.finished_at is not None) == ({"held_spam": 1}, ["broken"], True)
    assert words in run.errors["broken"]


def test_while_the_database_is_away_the_run_waits(monkeypatch):
    def away(run_id):
        raise OperationalError("the connection is closed")

    run = runs.ask()
    with monkeypatch.context() as patch:
        patch.setattr(runs, "_step", away)
        with pytest.raises(OperationalError):
            runs.carry(run.pk)
    run.refresh_from_db()
    assert (run.errors, run.finished_at) == ({}, None)

    runs.carry(run.pk)
    run.refresh_from_db()
    assert run.finished_at is not None


def test_the_command_counts_and_does(capsys):
    HeldSubmission.objects.create(form=FormFactory(), key=uuid.uuid4(), at=ago(**OLD))

    call_command("apply_retention", "--dry-run")
    told = dict(reversed(line.split()[:2]) for line in capsys.readouterr().out.splitlines())
    assert (told["held_spam"], set(told.values()), HeldSubmission.objects.count()) == ("1", {"0", "1"}, 1)

    call_command("apply_retention")
    assert capsys.readouterr().out.split() == ["1", "held_spam"]
    assert HeldSubmission.objects.count() == 0
    call_command("apply_retention")
    assert capsys.readouterr().out == ""


def test_every_kind_is_described():
    for kind in retention.in_order():
        assert str(kind.label)
        assert str(kind.becomes)
        assert kind.key == kind.key.lower()
    positions = [kind.position for kind in retention.in_order()]
    assert len(set(positions)) == len(positions)
