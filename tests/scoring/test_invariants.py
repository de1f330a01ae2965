"""The promises of the ledger, over random histories, rules, versions, orders and batchings."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from scoring import ledger, rules, scores, sql
from scoring.models import ContactScore, PointAction, PointEntry, PointGroup, Repeat
from tests.scoring import oracle
from tests.scoring.conftest import happen, score_waiting, subject
from tracking.models import Kind, Subject

START = datetime(2026, 1, 28, 21, tzinfo=UTC)  # a month's end and a week's end are near
KINDS = {
    Kind.ASSET_DOWNLOADED: ("asset_downloaded", Subject.Type.ASSET),
    Kind.FORM_SUBMITTED: ("form_submitted", Subject.Type.FORM),
}
SOURCES = {source: kind for kind, (source, _) in KINDS.items()}

moments = st.integers(0, 12 * 24).map(lambda hours: START + timedelta(hours=hours))
events = st.tuples(st.integers(0, 25), st.integers(0, 1), st.sampled_from(sorted(KINDS)), st.integers(0, 2), moments)
versions = st.tuples(
    st.integers(-9, 9).filter(bool),
    st.sampled_from(Repeat.values),
    st.sets(st.integers(0, 2), max_size=2),
    st.integers(0, 200),
)
actions = st.tuples(st.sampled_from(sorted(SOURCES)), st.integers(0, 1), st.lists(versions, min_size=1, max_size=3))
worlds = st.fixed_dictionaries(
    {
        "actions": st.lists(actions, min_size=1, max_size=4),
        "events": st.lists(events, max_size=25),
        "cuts": st.lists(st.integers(1, 8), max_size=25),
    }
)


class Undone(Exception):
    """Leaves an atomic block without a trace."""


class World:
    """The same random world for the engine (in the database) and for the oracle."""

    def __init__(self, actions):
        self.contacts = [Contact.objects.create(email=f"{name}@example.com") for name in ("ada", "bob")]
        self.groups = [
            PointGroup.objects.create(name="Engagement"),
            PointGroup.objects.create(name="Fit", weight=Decimal("0.50")),
        ]
        self.subjects = {
            kind: [subject(f"{kind} {number}", type) for number in range(3)] for kind, (_, type) in KINDS.items()
        }
        self.versions, self.group_of = [], {}
        for number, (source, group, edits) in enumerate(actions):
            self._publish(str(number), source, self.groups[group], edits)

    def _publish(self, name, source, group, edits):
        action, kind = PointAction(name=name, source=source, group=group), SOURCES[source]
        at = START - timedelta(days=1)
        for points, repeat, only, hours in edits:
            action.points, action.repeat = points, repeat
            action.params = {"only": [self.subjects[kind][index].pk for index in sorted(only)]}
            action.save()
            if version := rules.publish(action, since=at):
                self._note(version, kind)
            at += timedelta(hours=hours)
        self.group_of[action.pk] = group.pk

    def _note(self, version, kind):
        last = next((v for v in reversed(self.versions) if v.action == version.action_id), None)
        if last:
            self.versions[self.versions.index(last)] = oracle.Version(**{**last.__dict__, "until": version.valid_from})
        only = frozenset(version.params["only"])
        self.versions.append(
            oracle.Version(
                version.action_id, version.number, version.points, version.repeat, kind, only, version.valid_from
            )
        )

    def event(self, key, contact, kind, about, at):
        return UUID(int=key), self.contacts[contact], kind, self.subjects[kind][about], at


def in_batches(world, happened, cuts):
    """Record and score the events in batches of these sizes."""
    cuts = iter(cuts)
    while happened:
        size = next(cuts, len(happened))
        for key, contact, kind, about, at in happened[:size]:
            happen(contact, kind, about, at, key=key)
        score_waiting(limit=3)
        happened = happened[size:]


def found_lines():
    entries = PointEntry.objects.select_related("version")
    return {(e.contact_id, e.action_id, e.version.number, e.object_id, e.period): (e.hits, e.credited) for e in entries}


def expected(world, happened):
    first = {}
    for event in happened:
        first.setdefault(event[0], event)  # a key received twice counts once, as first received
    plain = [(key, contact.pk, kind, about.pk, at) for key, contact, kind, about, at in first.values()]
    return oracle.ledger(plain, world.versions)


def trying(check):
    """Run a check in the database and undo everything it did."""
    try:
        with transaction.atomic():
            check()
            raise Undone
    except Undone:
        pass


@pytest.mark.django_db
@given(world=worlds)
@settings(max_examples=40, deadline=None)
def test_any_batching_in_any_order_gives_the_lines_of_the_oracle_and_of_a_replay(world):
    def check():
        made = World(world["actions"])
        happened = [made.event(*event) for event in world["events"]]
        in_batches(made, happened, world["cuts"])
        lines = expected(made, happened)

        assert found_lines() == lines
        ids = scores.lock(contact.pk for contact in made.contacts)
        assert ledger.replay(ids) == []
        assert found_lines() == lines

    trying(check)


@pytest.mark.django_db
@given(world=worlds)
@settings(max_examples=25, deadline=None)
def test_scores_are_always_the_sum_of_their_lines(world):
    def check():
        made = World(world["actions"])
        happened = [made.event(*event) for event in world["events"]]
        in_batches(made, happened, world["cuts"])
        due = oracle.scores(expected(made, happened), made.versions, made.group_of)

        found = ContactScore.objects.filter(group__isnull=False).values_list("contact", "group", "score")
        assert {(contact, group): points for contact, group, points in found if points} == {
            k: v for k, v in due.items() if v
        }
        assert sql.differences() == []

    trying(check)


@pytest.mark.django_db
@given(world=worlds)
@settings(max_examples=15, deadline=None)
def test_a_replay_from_nothing_gives_the_same_lines_and_points(world):
    def check():
        made = World(world["actions"])
        in_batches(made, [made.event(*event) for event in world["events"]], world["cuts"])
        before = found_lines()
        PointEntry.objects.all().delete()
        ContactScore.objects.filter(group__isnull=False).delete()
        ContactScore.objects.update(score=0)

        scores.refresh(ledger.replay(scores.lock(contact.pk for contact in made.contacts)))

        assert found_lines() == before
        assert sql.differences() == []

    trying(check)


def test_the_oracle_counts_what_a_person_would():
    once = oracle.Version("a", 1, 5, "once", 10, frozenset(), START)
    counter = count()
    twice = [(next(counter), "ada", 10, 1, START), (next(counter), "ada", 10, 2, START)]

    assert oracle.ledger(twice, [once]) == {("ada", "a", 1, 0, oracle.NEVER): (2, 1)}
