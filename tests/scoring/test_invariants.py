"""The promises of the engine, over random histories of hits, rules, caps, terms, days, edits and batchings."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from scoring import ledger, publications, scores, sql
from scoring.models import ContactScore, PointEntry, Publication
from scoring.rulebook import Rulebook
from tests.cases import cases
from tests.scoring import histories, looking, oracle, stories
from tests.scoring.histories import World, undone
from tests.scoring.looking import ledger_lines, stored_scores, today

pytestmark = pytest.mark.django_db

plain = st.one_of(stories.hits, stories.hits, stories.hits, stories.advances, stories.gifts, stories.sleeps)
edited = st.one_of(
    stories.hits,
    stories.hits,
    stories.hits,
    stories.advances,
    stories.advances,
    stories.gifts,
    stories.sleeps,
    stories.edits_of(stories.event_rules),
    stories.set_terms,
    stories.bounds,
    stories.publishes(stories.event_rules),
    st.builds(stories.Rollback),
)
everything = st.one_of(
    edited,
    edited,
    stories.edits_of(stories.any_rules),
    stories.publishes(stories.any_rules),
    st.builds(stories.Move, stories.people, st.sampled_from(["FR", "GB"])),
    st.builds(stories.Allow, stories.people, st.booleans()),
    st.builds(stories.Judge, st.integers(0, 40), st.integers(0, 3)),
    st.builds(stories.Hand, stories.people, stories.maybe(stories.people)),
)

merged = st.one_of(
    edited,
    stories.hits,
    stories.merges,
    stories.merges,
    stories.unmerges,
    st.builds(stories.Judge, st.integers(0, 40), st.integers(0, 3)),
)

STAGE = []


@pytest.fixture(autouse=True)
def stage(db):
    STAGE[:] = [histories.Stage.set()]


def assert_sums(world):
    """At every moment the scores of whoever is up to date are the sums of their lines and adjustments."""
    assert sql.differences(looking.up_to_date(world)) == []


def assert_as_the_oracle_says(world):
    world.settle()
    lines = world.lines()
    assert ledger_lines() == looking.told(lines, today())
    assert stored_scores(world, today()) == world.scores(today(), lines=lines)
    assert sql.differences() == []


def assert_a_replay_changes_nothing(world):
    with transaction.atomic():
        ids = scores.lock(contact.pk for contact in world.contacts)
        before = ledger_lines()
        assert ledger.replay(ids) == []
        assert sql.revalue(ids) == 0
        assert ledger_lines() == before


@cases(quick=20)
@given(story=stories.stories(plain))
def test_any_batching_in_any_order_gives_the_lines_of_the_oracle_and_of_a_replay(story):
    with undone() as clock:
        world = World(story, STAGE[0], clock)
        world.live(check=assert_sums)
        assert_as_the_oracle_says(world)
        assert_a_replay_changes_nothing(world)


@cases(quick=20)
@given(story=stories.stories(edited, max_steps=16))
def test_whatever_is_edited_while_hits_come_in_the_scores_are_those_of_the_oracle(story):
    with undone() as clock:
        world = World(story, STAGE[0], clock)
        world.live(check=assert_sums)
        assert_as_the_oracle_says(world)
        assert_a_replay_changes_nothing(world)


@cases(quick=14)
@given(story=stories.stories(everything, max_steps=16, rules_=stories.any_rules))
def test_profiles_merges_withdrawals_permission_and_verdicts_give_what_the_oracle_says_of_the_union(story):
    with undone() as clock:
        world = World(story, STAGE[0], clock)
        world.live(check=assert_sums)
        assert_as_the_oracle_says(world)
        assert_a_replay_changes_nothing(world)


@cases(quick=20)
@given(story=stories.stories(merged, max_steps=20))
def test_whatever_is_merged_and_undone_the_scores_are_those_of_the_oracle_over_the_union(story):
    with undone() as clock:
        world = World(story, STAGE[0], clock)
        world.live(check=assert_sums)
        assert_as_the_oracle_says(world)
        assert_a_replay_changes_nothing(world)
        while world.merges:
            world.take(stories.Unmerge(0))
        assert_as_the_oracle_says(world)
        assert_a_replay_changes_nothing(world)


@cases(quick=8)
@given(story=stories.stories(edited))
def test_a_replay_from_nothing_gives_the_same_lines_and_points(story):
    with undone() as clock:
        world = World(story, STAGE[0], clock)
        world.live()
        world.settle()
        lines, values = ledger_lines(), stored_scores(world, today())
        PointEntry.objects.all().delete()
        ContactScore.objects.filter(group__isnull=False).delete()
        ContactScore.objects.update(score=0, forward=0)

        ids = scores.lock(contact.pk for contact in world.contacts)
        ledger.replay(ids)
        sql.revalue(ids)

        assert ledger_lines() == lines
        assert stored_scores(world, today()) == values
        assert sql.differences() == []


@cases(quick=8)
@given(story=stories.stories(everything, rules_=stories.any_rules))
def test_the_past_can_be_asked_what_stood_then_and_what_it_made_of_the_events(story):
    with undone() as clock:
        world = World(story, STAGE[0], clock)
        world.live(settled=True, check=World.remember)
        assert_as_the_oracle_says(world)

        for at, state, book in world.snapshots:
            then = Rulebook.as_of(at)
            assert looking.book(then) == book
            lines = world.lines(state, at)
            on = oracle.day_of(at)
            assert looking.evaluated(then, world, at) == (looking.told(lines, on), world.scores(on, state, at, lines))


@cases(quick=8)
@given(story=stories.stories(edited, max_steps=8), change=stories.publishes(stories.any_rules))
def test_what_was_previewed_is_what_publishing_does_and_a_rollback_restores_every_score(story, change):
    with undone() as clock:
        world = World(story, STAGE[0], clock)
        world.live()
        world.settle()
        before, lines = stored_scores(world, today()), ledger_lines()

        draft, _, _ = world.draft(change)
        expected = looking.forecast(draft, change.scope)
        clock.shift(timedelta(seconds=1))
        publications.publish(draft, change.scope)
        histories.settle()
        assert looking.moved(before, stored_scores(world, today())) == expected
        assert sql.differences() == []

        clock.shift(timedelta(seconds=1))
        publications.rollback(Publication.objects.get(pk=draft.pk))
        histories.settle()
        assert (stored_scores(world, today()), ledger_lines()) == (before, lines)
        assert sql.differences() == []
