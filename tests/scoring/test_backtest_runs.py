"""Back-tests through the engine: who is looked at, what they scored then, what counts as converting, and nothing later."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from config import pipeline
from config.celery import app
from contacts.models import ContactTag
from scoring import decay, publications, rules, terms, valuation
from scoring.backtests import answers, books, cohorts, running
from scoring.backtests.reports import report
from scoring.backtests.verdicts import Worth, compare
from scoring.models import Adjustment, BackTest, BackTestRange, PointAction, Repeat
from scoring.outcomes import UnknownName, outcomes
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from scoring.sources.base import Names
from scoring.tasks import carry_back_tests
from tests.factories import ContactFactory, StageFactory, TagFactory
from tests.scoring.conftest import download, subject
from tracking import inbox
from tracking.models import Event, Kind, Subject, Verdict

pytestmark = pytest.mark.django_db
CUT = date(2026, 3, 31)
LONG_BEFORE = datetime(2025, 6, 1, tzinfo=UTC)
BEFORE = datetime(2026, 3, 20, 12, tzinfo=UTC)
AFTER = datetime(2026, 4, 10, 12, tzinfo=UTC)


@pytest.fixture
def demo(db):
    return subject("Demo", Subject.Type.FORM)


@pytest.fixture
def guide(db):
    return subject("Guide")


def person(**fields):
    return ContactFactory(created_at=LONG_BEFORE, **fields)


def event(contact, kind, about=None, at=AFTER, **fields):
    inbox.ensure_months("tracking_event", [at.date().replace(day=1)])
    return Event.objects.create(
        contact=contact, kind=kind, subject=about, at=at, **{"verdict": Verdict.HUMAN, **fields}
    )


def submit(contact, about, at=AFTER, **fields):
    return event(contact, Kind.FORM_SUBMITTED, about, at, **fields)


def question(**fields):
    return BackTest(**{"outcome": "form_submitted", "cutoff": CUT, "horizon_days": 30, **fields})


def found(test, *contacts):
    """{contact: (converted, scores)} of those of these contacts who are looked at."""
    kept = books.read(test) if test.pk else {"today": books.always(Rulebook.current())}
    looked = cohorts.look(test, kept, sorted(contact.pk for contact in contacts))
    return list(looked.converted), {name: list(map(float, column)) for name, column in looked.scores.items()}


def finished(test, size=100):
    while running.step(test.pk, size=size):
        pass
    test.refresh_from_db()
    return test


# Outcomes


@pytest.mark.parametrize("outcome", outcomes, ids=lambda outcome: outcome.key)
def test_every_outcome_has_words_a_form_and_answers_for_nobody(outcome):
    at = question().at
    assert str(outcome.label)
    assert outcome.describe({}, Names([outcome.mentions({})]))
    assert outcome.describe({"only": [0]}, Names([outcome.mentions({"only": [0]})])).endswith(
        "nothing that exists any more"
    )
    assert "only" in outcome.Form().fields
    assert outcome.converted({"only": [0]}, [], None, at) == outcome.had({"only": [0]}, [], at) == set()
    with pytest.raises(UnknownName, match="There is no “nowhere”"):
        outcome.params_of(["nowhere"])


def test_an_outcome_counts_from_the_day_after_the_cut_off_to_the_end_of_the_last_day(demo):
    test = question()
    moments = [test.at, test.at + timedelta(microseconds=1), test.until, test.until + timedelta(microseconds=1)]
    people = [person() for _ in moments]
    for contact, moment in zip(people, moments, strict=True):
        submit(contact, demo, moment)

    converted = outcomes["form_submitted"].converted({}, [one.pk for one in people], test.at, test.until)
    assert converted == {people[1].pk, people[2].pk}
    assert outcomes["form_submitted"].had({}, [one.pk for one in people], test.at) == {people[0].pk}


def test_only_people_and_only_what_was_chosen_count(demo, guide):
    other = subject("Contact us", Subject.Type.FORM)
    ada, machine, elsewhere, reader = (person() for _ in range(4))
    submit(ada, demo)
    submit(machine, demo, verdict=Verdict.SCANNER)
    submit(elsewhere, other)
    event(reader, Kind.ASSET_DOWNLOADED, guide)
    ids = [ada.pk, machine.pk, elsewhere.pk, reader.pk]
    test = question()

    one = outcomes["form_submitted"]
    assert one.converted(one.params_of(["demo"]), ids, test.at, test.until) == {ada.pk}
    assert one.converted({}, ids, test.at, test.until) == {ada.pk, elsewhere.pk}
    assert one.converted({}, [reader.pk], test.at, test.until) == set()
    assert outcomes["asset_downloaded"].converted({}, ids, test.at, test.until) == {reader.pk}


def test_a_stage_is_reached_by_moving_there_and_had_by_being_there():
    customer, lead = StageFactory(name="Customer"), StageFactory(name="Lead")
    ada, bob, cy, imported = person(), person(), person(), person(stage=customer)
    for contact, stage, at in ((ada, customer, AFTER), (bob, lead, AFTER), (cy, customer, BEFORE)):
        event(contact, Kind.STAGE_CHANGED, at=at, data={"stage_id": [None, stage.pk]})
    one, test = outcomes["stage_reached"], question()
    params, ids = one.params_of(["customer"]), [ada.pk, bob.pk, cy.pk, imported.pk]

    assert one.converted(params, ids, test.at, test.until) == {ada.pk}
    assert one.had(params, ids, test.at) == {cy.pk, imported.pk}
    assert one.describe(params, Names([one.mentions(params)])) == "Reaches a stage: Customer"


def test_a_tag_is_an_outcome_from_the_moment_it_was_given():
    vip = TagFactory(name="VIP")
    ada, bob = person(), person()
    ContactTag.objects.create(contact=ada, tag=vip)
    pipeline.drain()
    one, test = outcomes["tag_added"], question()
    params = one.params_of(["vip"])

    assert one.had(params, [ada.pk, bob.pk], test.at) == set()
    assert one.had(params, [ada.pk, bob.pk], datetime.now(UTC)) == {ada.pk}
    assert one.converted(params, [ada.pk, bob.pk], test.at, datetime.now(UTC)) == {ada.pk}


# Whom it is about


def test_the_contacts_there_were(demo):
    there, merged = person(), person()
    late = ContactFactory(created_at=question().at + timedelta(seconds=1))
    merged.merged_into = there
    merged.save()

    assert list(cohorts.everybody(question())) == [there]
    assert late.created_at > question().at


def test_whoever_had_converted_before_is_left_out_unless_asked_for(demo):
    ada, bob = person(), person()
    submit(ada, demo, BEFORE)
    submit(ada, demo)
    submit(bob, demo)

    looked = cohorts.look(question(), {}, [ada.pk, bob.pk])
    assert (looked.converted, looked.earlier) == ([True], 1)
    looked = cohorts.look(question(with_earlier=True), {}, [ada.pk, bob.pk])
    assert (looked.converted, looked.earlier) == ([True, True], 0)


def test_conditions_ask_who_contacts_were_on_the_cut_off_date(demo):
    ada, bob = person(country="FR"), person(country="GB")
    ada.country, bob.country = "GB", "FR"
    ada.save()
    bob.save()
    submit(ada, demo)
    french = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}

    looked = cohorts.look(question(conditions=french), {}, [ada.pk, bob.pk])
    assert (looked.converted, looked.earlier) == ([True], 0)


# What they scored then


@pytest.fixture
def world(publish, engagement, demo, guide):
    """Ten points a download; Ada read a guide and converted, Bob did neither."""
    publish(10, repeat=Repeat.ALWAYS)
    ada, bob = person(country="FR"), person()
    download(ada, guide, BEFORE)
    submit(ada, demo)
    pipeline.drain()
    return ada, bob


def test_nothing_that_happens_after_the_cut_off_reaches_a_score(world, engagement, fit, guide):
    ada, bob = world
    french = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    rules.publish(
        PointAction.objects.create(name="French", source="profile_matches", params=french, points=3, group=fit)
    )
    Adjustment.objects.create(contact=bob, group=engagement, points=2, note="met at a fair", at=BEFORE)
    pipeline.drain()
    before = found(question(), ada, bob)
    assert before == ([True, False], {"today": [16.0, 2.0]})

    for contact in (ada, bob):
        download(contact, guide, AFTER)
        Adjustment.objects.create(contact=contact, group=engagement, points=50, note="too late", at=AFTER)
        contact.country = "GB" if contact == ada else "FR"
        contact.save()
    pipeline.drain()
    assert found(question(), ada, bob) == before


def test_todays_rules_are_tried_as_if_they_had_always_been_there(world, engagement, guide):
    ada, bob = world
    rules.publish(
        PointAction.objects.create(name="New", source="asset_downloaded", points=7, repeat="always", group=engagement)
    )
    retired = PointAction.objects.get(points=10)
    retired.is_active = False
    retired.save()
    rules.publish(retired)

    test = running.ask(question(with_then=True))
    assert found(test, ada, bob) == ([True, False], {"today": [7.0, 0.0], "then": [10.0, 0.0]})


def test_the_rules_in_force_then_are_those_known_then(world):
    ada, bob = world
    action = PointAction.objects.get()
    action.points = 4
    action.save()
    rules.publish(action)

    test = running.ask(question(with_then=True))
    assert found(test, ada, bob)[1] == {"today": [4.0, 0.0], "then": [10.0, 0.0]}


def test_a_group_alone_can_be_asked_about(world, engagement, fit):
    assert found(question(group=engagement), *world)[1] == {"today": [10.0, 0.0]}
    assert found(question(group=fit), *world)[1] == {"today": [0.0, 0.0]}


def test_the_draft_is_asked_the_same_and_what_is_edited_meanwhile_does_not_mix_in(world):
    action = PointAction.objects.get()
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 25})
    test = running.ask(question(with_draft=True))
    action.points = 1
    action.save()
    rules.publish(action)
    test.refresh_from_db()

    assert found(test, *world)[1] == {"today": [10.0, 0.0], "draft": [25.0, 0.0]}


def test_a_draft_that_is_changed_meanwhile_ends_the_back_test_with_a_sentence(world):
    action = PointAction.objects.get()
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 25})
    test = running.ask(question(with_draft=True))
    publications.discard(draft)

    test = finished(test)
    assert (test.state, test.error) == ("failed", "The draft was changed meanwhile: ask again.")
    assert BackTestRange.objects.count() == 0


def test_rulebooks_are_read_as_they_were_kept(world, engagement):
    terms.publish(engagement, {"half_life_days": 30, "weight": Decimal("0.50"), "cap_points": 9})
    test = running.ask(question(with_then=True))
    test.refresh_from_db()
    assert books.read(test) == {"today": books.always(Rulebook.current()), "then": Rulebook.as_of(test.at)}


# Half-lives, whatever day they are counted from


@pytest.mark.parametrize("epoch", [date(1997, 9, 30), date(2026, 3, 31), date(2080, 1, 1)])
@pytest.mark.parametrize("half_life", [1, 60, 3650])
def test_a_faded_score_does_not_depend_on_the_day_it_is_counted_from(publish, engagement, guide, half_life, epoch):
    publish(40, repeat=Repeat.ALWAYS, since=datetime(1990, 1, 1, tzinfo=UTC))
    ada = person()
    moment = datetime(1997, 9, 26, 12, tzinfo=UTC)
    event(ada, Kind.ASSET_DOWNLOADED, guide, moment)
    pipeline.drain()
    book = Rulebook.current()
    book = replace(book, terms=tuple(replace(one, half_life_days=half_life, epoch=epoch) for one in book.terms))

    for days in (0, 4, 60):
        shown = valuation.scores(book, [ada.pk], moment + timedelta(days=days)).get((ada.pk, None), 0)
        assert shown == decay.cents(decay.faded(40, days, half_life))


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
