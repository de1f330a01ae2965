"""Drafts: edits that are collected, previewed, published together, and taken back."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from config import pipeline
from scoring import publications, rules, sql
from scoring.explain import books
from scoring.explain.difference import same_rules
from scoring.models import (
    Forecast,
    PointAction,
    PointActionVersion,
    PointGroup,
    Publication,
    Repeat,
    Sweep,
)
from scoring.publishing import publishables
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.drafting import AT, Scope, carried_out, edit, ledger_lines, previewed, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return ContactFactory(email="ada@example.com", country="FR")


@pytest.fixture
def bob():
    return ContactFactory(email="bob@example.com", country="GB")


@pytest.fixture
def world(publish, ada, bob):
    """Ada downloaded two guides twice, Bob one; 5 points for each guide."""
    action = publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    guides = [subject("guide"), subject("checklist")]
    for contact, about, days in ((ada, 0, 0), (ada, 0, 1), (ada, 1, 2), (ada, 1, 3), (bob, 0, 4)):
        download(contact, guides[about], AT + timedelta(days=days))
    pipeline.drain()
    return action


CHANGES = {
    "points": {"points": 7},
    "policy": {"repeat": "always"},
    "cap": {"repeat": "always", "cap_amount": 3, "cap_period": "ever"},
    "points cap": {"repeat": "always", "cap_amount": 17, "cap_unit": "points", "cap_period": "ever"},
    "expiry": {"expires_after_days": 5},
    "off": {"is_active": False},
    "nothing matches": {"params": {"only": [0]}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_previewed_is_what_publishing_for_the_past_does_and_a_rollback_undoes_it(world, change):
    before, lines = shown(), ledger_lines()
    draft = edit(world, **change)

    expected = previewed(draft)
    assert carried_out(draft) == expected
    assert expected
    assert sql.differences() == []

    publications.rollback(Publication.objects.get(pk=draft.pk))
    pipeline.drain()
    assert (shown(), ledger_lines()) == (before, lines)
    assert sql.differences() == []
    world.refresh_from_db()
    assert (world.points, world.repeat, world.is_active) == (5, Repeat.ONCE_PER_OBJECT, True)


def test_a_change_of_points_only_rewrites_no_line(world, ada, bob):
    lines = ledger_lines()

    publications.publish(edit(world, points=-3), Scope.PAST)
    pipeline.drain()

    assert (score(ada), score(bob), ledger_lines()) == (-6, -3, lines)
    assert sql.differences() == []


def test_a_change_of_points_for_the_past_also_counts_what_happened_before_the_rule_was_there(publish, ada, bob):
    guides = [subject("guide"), subject("checklist")]
    download(ada, guides[0], AT - timedelta(days=30))
    download(ada, guides[0], AT + timedelta(days=1))
    download(bob, guides[1], AT - timedelta(days=30))
    action = publish(5, repeat=Repeat.ONCE_PER_OBJECT, since=AT)
    pipeline.drain()
    lines = ledger_lines()
    assert (score(ada), score(bob)) == (5, 0)

    draft = edit(action, points=7)
    expected = previewed(draft)
    assert carried_out(draft) == expected
    assert (score(ada), score(bob)) == (7, 7)
    assert sql.differences() == []

    publications.rollback(Publication.objects.get(pk=draft.pk))
    pipeline.drain()
    assert (score(ada), score(bob), ledger_lines()) == (5, 0, lines)


def test_a_change_of_points_for_the_past_also_counts_what_happened_while_the_rule_was_off(publish, ada):
    action = publish(5, repeat=Repeat.ALWAYS)
    off, on = AT + timedelta(days=10), AT + timedelta(days=20)
    action.is_active = False
    action.save()
    rules.publish(action, since=off)
    action.is_active = True
    action.save()
    rules.publish(action, since=on)
    guide = subject("guide")
    for days in (5, 15, 25):
        download(ada, guide, AT + timedelta(days=days))
    pipeline.drain()
    assert score(ada) == 10

    assert carried_out(edit(action, points=6)) == {(ada.pk, action.group_id): (10, 18), (ada.pk, None): (10, 18)}
    assert sql.differences() == []


def test_a_rule_published_as_it_stands_for_the_past_counts_what_happened_before_it(publish, ada):
    guide = subject("guide")
    for days in (-30, 1):
        download(ada, guide, AT + timedelta(days=days))
    action = publish(5, repeat=Repeat.ALWAYS, since=AT)
    pipeline.drain()

    draft = edit(action)
    assert publishables["point_action"].misses_past(action.pk)
    [change] = publishables["point_action"].differences(draft.edits.get())
    assert change.after == "also what happened before, if published for the past"
    assert carried_out(draft) == {(ada.pk, action.group_id): (5, 10), (ada.pk, None): (5, 10)}
    assert not publishables["point_action"].misses_past(action.pk)
    assert sql.differences() == []


def test_nobody_is_walked_over_again_where_nothing_happened_that_the_rule_did_not_count(world):
    draft = edit(world, points=7)

    assert publications.publish(draft, Scope.PAST).plan["actions"] == []


def test_what_is_new_in_a_draft_is_told_in_whole(engagement):
    made = PointAction.objects.create(
        name="New", source="asset_downloaded", points=3, repeat="object", group=engagement, is_active=False
    )
    after = state_of(made) | {"is_active": True}
    new = publications.add(publications.open_draft(), "point_action", made.pk, after, is_new=True)

    told = publishables["point_action"].differences(new)
    assert [(change.label, change.before, change.after) for change in told] == [
        ("name", "–", "New"),
        ("what earns points", "–", "Downloads an asset: any asset"),
        ("points", "–", "+3"),
        ("point group", "–", "Engagement"),
        ("how often", "–", "Once per object"),
        ("active", "–", "yes"),
    ]


def test_from_now_on_leaves_the_past_alone(world, ada):
    draft = edit(world, points=7)
    assert previewed(draft, Scope.FROM_NOW) == {}

    publications.publish(draft, Scope.FROM_NOW)
    pipeline.drain()
    assert score(ada) == 10

    download(ada, subject("third"))
    pipeline.drain()
    assert score(ada) == 17


def test_a_new_rule_for_the_past_counts_what_happened_before_it_was_there(world, engagement, ada, bob):
    action = PointAction.objects.create(
        name="Every download",
        source="asset_downloaded",
        points=1,
        repeat=Repeat.ALWAYS,
        group=engagement,
        is_active=False,
    )
    draft = edit(action, is_active=True)
    expected = previewed(draft)

    assert carried_out(draft) == expected
    assert (score(ada), score(bob)) == (14, 6)


TERMS = {
    "half-life": {"half_life_days": 10},
    "ceiling": {"ceiling": 8},
    "cap": {"cap_points": 6, "cap_period": "ever"},
    "weight": {"weight": "0.50"},
    "all at once": {"half_life_days": 30, "ceiling": 3, "cap_points": 7, "cap_period": "day", "weight": "2.00"},
}


@pytest.mark.parametrize("change", TERMS.values(), ids=TERMS.keys())
def test_terms_of_a_group_are_previewed_published_and_taken_back_too(world, engagement, change):
    before, lines = shown(), ledger_lines()
    draft = publications.open_draft()
    now = {"weight": "1.00", "half_life_days": None, "floor": None, "ceiling": None, "cap_points": None}
    publications.add(draft, "point_group", engagement.pk, now | change)
    publications.add(draft, "overall_score", 1, {"floor": None, "ceiling": 9})

    expected = previewed(draft)
    assert carried_out(draft) == expected
    assert expected
    assert sql.differences() == []

    publications.rollback(Publication.objects.get(pk=draft.pk))
    pipeline.drain()
    assert (shown(), ledger_lines()) == (before, lines)


def test_the_rules_around_a_publication_are_those_it_found_and_those_it_put_into_force(world, engagement):
    found = Rulebook.current()
    draft = edit(world, points=7)
    publications.add(draft, "point_group", engagement.pk, {"weight": "2.00", "half_life_days": 30})
    publications.add(draft, "overall_score", 1, {"floor": None, "ceiling": 9})
    publications.publish(draft, Scope.PAST)
    pipeline.drain()
    made = Rulebook.current()
    undoing = publications.rollback(Publication.objects.get(pk=draft.pk))

    for publication, before, after in ((draft, found, made), (undoing, made, found)):
        assert same_rules(books.read(f"before-{publication.pk}", timezone.now()), before)
        assert same_rules(books.read(f"after-{publication.pk}", timezone.now()), after)


def test_a_profile_rule_is_previewed_and_published(world, fit, ada, bob):
    french = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    action = PointAction.objects.create(
        name="French", source="profile_matches", params=french, points=20, group=fit, is_active=False
    )
    draft = edit(action, is_active=True)

    expected = previewed(draft)
    assert expected == {(ada.pk, fit.pk): (0, 20), (ada.pk, None): (10, 50)}
    assert carried_out(draft) == expected


def test_several_edits_come_into_force_together_in_one_sweep(world, engagement, ada):
    draft = edit(world, points=6)
    publications.add(draft, "point_group", engagement.pk, {"weight": "3.00"})

    sweep = publications.publish(draft, Scope.PAST, note="Spring cleaning")
    assert (Sweep.objects.filter(finished_at=None).get(), str(sweep)) == (sweep, "Spring cleaning")
    pipeline.drain()

    assert (score(ada), score(ada, engagement)) == (36, 12)
    assert PointGroup.objects.get(pk=engagement.pk).weight == 3


def test_a_hit_that_comes_before_the_sweep_finds_its_contact_brought_up_to_date(world, ada, bob):
    publications.publish(edit(world, points=7), Scope.PAST)
    download(bob, subject("third"))
    pipeline._take_hits(pipeline.inbox.waiting(10))

    assert (score(ada), score(bob)) == (10, 14)
    pipeline.drain()
    assert (score(ada), score(bob)) == (14, 14)
    assert sql.differences() == []


def test_a_sweep_that_is_cancelled_half_way_leaves_no_trace(world):
    before, lines = shown(), ledger_lines()
    draft = edit(world, points=9)
    publications.publish(draft, Scope.PAST)
    pipeline.advance(limit=1)
    assert shown() != before

    publications.rollback(Publication.objects.get(pk=draft.pk))
    pipeline.drain()
    assert (shown(), ledger_lines()) == (before, lines)
    assert sql.differences() == []


def test_what_cannot_be_published_says_why(world):
    draft = publications.open_draft()
    with pytest.raises(ValidationError, match="nothing in the draft"):
        publications.publish(draft, Scope.PAST)

    publications.publish(edit(world, points=6), Scope.PAST)
    with pytest.raises(ValidationError, match="published or thrown away meanwhile"):
        publications.publish(draft, Scope.PAST)
    with pytest.raises(ValidationError, match="still being carried out"):
        publications.publish(edit(world, points=8), Scope.PAST)
    pipeline.drain()
    publications.publish(publications.open_draft(), Scope.PAST)
    pipeline.drain()

    with pytest.raises(ValidationError, match="changed again since"):
        publications.rollback(draft)


def test_a_draft_that_is_thrown_away_leaves_nothing_but_a_record(world):
    draft = edit(world, points=6)
    previewed(draft)
    publications.discard(draft)

    draft.refresh_from_db()
    assert (draft.state, Forecast.objects.count(), PointActionVersion.objects.count()) == ("discarded", 0, 1)
    assert publications.open_draft() != draft


def test_an_edit_again_replaces_the_first_and_the_forecast(world):
    author = UserFactory()
    draft = edit(world, points=6)
    previewed(draft)
    edited = publications.add(draft, "point_action", world.pk, state_of(world) | {"points": 8}, author)

    draft.refresh_from_db()
    assert (draft.edits.get(), draft.forecast_done_at, Forecast.objects.count()) == (edited, None, 0)
    assert (edited.before["points"], edited.after["points"], edited.version.points) == (5, 8, 8)
    assert list(previewed(draft).values()) == [(10, 16), (10, 16), (5, 8), (5, 8)]


def test_an_archived_rule_does_not_come_back_through_the_draft_or_a_rollback(world, ada):
    draft = edit(world, is_active=False)
    publications.publish(draft, Scope.PAST)
    pipeline.drain()
    world.refresh_from_db()
    rules.archive(world)
    with pytest.raises(ValidationError, match="changed again since"):
        publications.rollback(draft)

    new = PointAction.objects.create(
        name="New", source="asset_downloaded", points=1, group=world.group, is_active=False
    )
    waiting = edit(new, is_active=True)
    rules.archive(new)
    assert publications.is_outdated(waiting.edits.get())
    with pytest.raises(ValidationError):
        publications.publish(waiting, Scope.PAST)
    assert score(ada) == 0
