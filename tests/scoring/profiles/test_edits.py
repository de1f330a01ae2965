"""An edit makes no points younger: what held goes on from when it began."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from config import pipeline
from contacts.models import Contact
from scoring import decay, publications, rules, sql, valuation
from scoring.models import Holding, PointGroup, Publication
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from tests.scoring.profiles.conftest import change

pytestmark = pytest.mark.django_db


NOON = datetime(2040, 3, 1, 12, tzinfo=UTC)


def worth_today():
    ids = [contact.pk for contact in Contact.objects.all()]
    return {key[0]: value for key, value in sql.values(ids, decay.today()).items() if key[1] is None and value}


@pytest.fixture
def fading(profile, ada):
    """Ada has 20 points for being French, which halve every two days; it is four days ago. Returns the rule."""
    with time_machine.travel(NOON - timedelta(days=4), tick=False):
        group = PointGroup.objects.create(name="Fading", half_life_days=2)
        action = profile(20, group=group)
        pipeline.drain()
    return action


def test_points_of_a_profile_that_is_edited_are_as_old_as_before(fading, ada):
    with time_machine.travel(NOON, tick=False):
        assert worth_today() == {ada.pk: 5}
        fading.points = 40
        fading.save()
        rules.publish(fading)
        pipeline.drain()
        assert worth_today() == {ada.pk: 10}
        assert sql.differences() == []
        new = Holding.objects.get(until=None)
        assert (new.since, new.first_at) == (NOON, NOON - timedelta(days=4))
        assert valuation.scores(Rulebook.current(), [ada.pk])[ada.pk, None] == 10


@pytest.mark.parametrize("edit", [{"points": 40}, {"is_active": False}, {"source": "asset_downloaded", "params": {}}])
def test_taking_the_edit_of_a_profile_back_restores_the_score_whatever_its_age(fading, ada, edit):
    with time_machine.travel(NOON, tick=False) as clock:
        draft = publications.open_draft()
        publications.add(draft, "point_action", fading.pk, state_of(fading) | edit)
        publications.publish(draft, "past")
        pipeline.drain()
        assert worth_today() != {ada.pk: 5}

        clock.shift(timedelta(minutes=1))
        publications.rollback(Publication.objects.get(pk=draft.pk))
        pipeline.drain()
        assert worth_today() == {ada.pk: 5}
        assert sql.differences() == []


def test_who_stops_matching_and_matches_again_begins_anew(fading, ada):
    with time_machine.travel(NOON, tick=False) as clock:
        for country in ("GB", "FR"):
            clock.shift(timedelta(minutes=1))
            change(ada, country=country)
        assert worth_today() == {ada.pk: 20}


def test_who_did_not_hold_when_a_version_was_superseded_begins_anew_when_it_is_back(fading, ada):
    with time_machine.travel(NOON, tick=False) as clock:
        draft = publications.open_draft()
        publications.add(draft, "point_action", fading.pk, state_of(fading) | {"points": 40})
        publications.publish(draft, "past")
        pipeline.drain()
        clock.shift(timedelta(minutes=1))
        change(ada, country="GB")
        publications.rollback(Publication.objects.get(pk=draft.pk))
        change(ada, country="FR")
        assert worth_today() == {ada.pk: 20}
