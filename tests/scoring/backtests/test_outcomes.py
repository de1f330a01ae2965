"""Outcomes: what counts as converting, and from when on."""

from datetime import UTC, datetime, timedelta

import pytest

from config import pipeline
from contacts.models import ContactTag
from scoring.outcomes import UnknownName, outcomes
from scoring.sources.base import Names
from tests.factories import StageFactory, TagFactory
from tests.scoring.backtests.asking import AFTER, BEFORE, event, person, question, submit
from tests.scoring.conftest import subject
from tracking.models import Kind, Subject, Verdict

pytestmark = pytest.mark.django_db


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
