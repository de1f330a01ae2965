"""A firing exists if and only if the committed score crossed; each firing has each of its deliveries once.

Random histories go through the whole pipeline and are compared with an oracle that adds points up and watches thresholds.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from campaigns import forecasts
from campaigns.models import Delivery, Firing, Trigger, TriggerAction
from config import pipeline
from contacts.models import Contact, Tag
from scoring import ledger, rules, sql
from scoring.models import ContactScore, PointAction, PointGroup, Publication, Repeat
from tests.cases import cases
from tests.scoring import histories, looking, stories
from tests.scoring.conftest import SINCE, download, subject
from tests.scoring.histories import Stage, undone

START = histories.START
WEIGHTS = (Decimal(1), Decimal("0.5"))
POINTS = ((0, 10), (0, -7), (1, 9), (1, -16))  # (group, points) of the rules
FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}

contacts = st.integers(0, 1)
steps = st.one_of(  # each a batch, so one transaction
    st.tuples(st.just("hits"), st.lists(st.tuples(contacts, st.integers(0, 3)), min_size=1, max_size=5)),
    st.tuples(
        st.just("adjustments"),
        st.lists(st.tuples(contacts, st.integers(0, 1), st.integers(-20, 20).filter(bool)), min_size=1, max_size=3),
    ),
)
watched = st.fixed_dictionaries(
    {
        "group": st.sampled_from([0, 1, None]),
        "direction": st.sampled_from(["rising", "falling"]),
        "threshold": st.integers(-8, 20),
        "again": st.sampled_from(["once", "rearm"]),
        "distance": st.none() | st.integers(0, 10),  # of the re-arm level
        "conditional": st.booleans(),
    }
)


@dataclass
class Watch:
    """The oracle of one trigger: is it armed for a contact, and how often did it fire?"""

    group: int | None
    direction: str
    threshold: int
    again: str
    distance: int | None
    conditional: bool

    def __post_init__(self):
        self.spent, self.fired, self.unmet, self.states = set(), Counter(), set(), {}

    @property
    def rearm_at(self):
        if self.distance is None:
            return None
        return self.threshold + (-self.distance if self.direction == "rising" else self.distance)

    def is_past(self, score):
        return score >= self.threshold if self.direction == "rising" else score < self.threshold

    def is_back(self, score):
        level = self.threshold if self.rearm_at is None else self.rearm_at
        reached = score <= level if self.direction == "rising" else score >= level
        return reached and not self.is_past(score)

    def see(self, contact, before, after, met, state="fired", was=None):
        """`was`: the score before there was what is being rolled back. To come back to its side crosses nothing."""
        if self.again == "rearm" and self.is_back(before):
            self.spent.discard(contact)
        is_way_back = was is not None and self.is_past(was)
        if self.is_past(after) and not self.is_past(before) and not is_way_back:
            if self.conditional and not met:
                self.unmet.add(contact)
            elif contact not in self.spent:
                self.fired[contact] += 1
                self.states[contact, self.fired[contact]] = state
                self.spent.add(contact)
        if self.again == "rearm" and self.is_back(after):
            self.spent.discard(contact)

    def rows(self):
        fired = [(contact, cycle, state) for (contact, cycle), state in self.states.items()]
        return sorted([*fired, *((contact, 1, "unmet") for contact in self.unmet)])


class World:
    def __init__(self, watches):
        self.contacts = [
            Contact.objects.create(email=f"{country}@example.com", country=country) for country in ("FR", "GB")
        ]
        self.groups = [PointGroup.objects.create(name=str(weight), weight=weight) for weight in WEIGHTS]
        self.subjects = [subject(str(number)) for number in range(len(POINTS))]
        for number, (group, points) in enumerate(POINTS):
            action = PointAction.objects.create(
                name=str(number),
                source="asset_downloaded",
                params={"only": [self.subjects[number].pk]},
                points=points,
                group=self.groups[group],
                repeat=Repeat.ALWAYS,
            )
            rules.publish(action, since=SINCE)
        self.triggers = [self._trigger(number, watch) for number, watch in enumerate(watches)]
        pipeline.drain()

    def _trigger(self, number, watch):
        trigger = Trigger.objects.create(
            name=str(number),
            group=None if watch.group is None else self.groups[watch.group],
            direction=watch.direction,
            threshold=watch.threshold,
            again=watch.again,
            rearm_at=watch.rearm_at,
            conditions=FRENCH if watch.conditional else {},
        )
        for name in range(number % 3):  # none, one, or two actions
            tag = Tag.objects.create(name=f"{number} {name}")
            params = {"add": [tag.pk], "remove": []}
            TriggerAction.objects.create(trigger=trigger, type="change_tags", params=params)
        return trigger

    def take(self, kind, batch, at):
        """One batch through the pipeline; returns what it adds, by contact and group."""
        added = Counter()
        for who, *what in batch:
            if kind == "hits":
                group, points = POINTS[what[0]]
                download(self.contacts[who], self.subjects[what[0]], at)
            else:
                group, points = what
                ledger.adjust(self.contacts[who].pk, self.groups[group].pk, points, note="x")
            added[who, group] += points
        pipeline.advance()
        return added


@pytest.mark.django_db
@cases(quick=6)
@given(watches=st.lists(watched, min_size=1, max_size=3), history=st.lists(steps, max_size=10))
def test_a_firing_exists_if_and_only_if_the_committed_score_crossed(watches, history):
    with undone():
        watching = [Watch(**watch) for watch in watches]
        world = World(watching)
        scores = Counter()
        for number, (kind, batch) in enumerate(history):
            added = world.take(kind, batch, START + timedelta(hours=number))
            for who in range(2):
                before = with_overall(scores, who)
                scores.update({key: points for key, points in added.items() if key[0] == who})
                after = with_overall(scores, who)
                for watch in watching:
                    watch.see(world.contacts[who].pk, before[watch.group], after[watch.group], met=who == 0)
                committed = ContactScore.objects.filter(contact=world.contacts[who], group=None)
                assert list(committed.values_list("score", flat=True)) == [after[None]]
        pipeline.drain()

        for watch, trigger in zip(watching, world.triggers, strict=True):
            assert sorted(trigger.firings.values_list("contact", "cycle", "state")) == watch.rows()
        due = [
            (firing.pk, action.pk)
            for firing in Firing.objects.filter(state="fired")
            for action in firing.trigger.actions.all()
        ]
        assert sorted(Delivery.objects.values_list("firing", "trigger_action")) == sorted(due)
        assert sql.differences() == []


def with_overall(scores, who):
    groups = {group: Decimal(scores[who, group]) for group in range(len(WEIGHTS))}
    return {**groups, None: sum(groups[group] * weight for group, weight in enumerate(WEIGHTS))}


# --- whole stories: days that turn, edits, publications -----------------------------------------------------------------

MOVES_BY_ITSELF = (
    stories.Hits,
    stories.Give,
    stories.Move,
    stories.Sleep,
)  # what these cross acts, the rest is held
lived = st.one_of(
    stories.hits,
    stories.hits,
    stories.sleeps,
    stories.sleeps,
    stories.gifts,
    stories.set_terms,
    stories.bounds,
    stories.edits_of(stories.any_rules),
    stories.publishes(stories.any_rules),
    st.builds(stories.Rollback),
    st.builds(stories.Move, stories.people, st.sampled_from(["FR", "GB"])),
)
unconditional = watched.map(lambda watch: watch | {"conditional": False})
STAGE = []


@pytest.fixture(autouse=True)
def stage(db):
    STAGE[:] = [Stage.set()]


class Watchers:
    """Triggers in the engine, and their oracles, that look on as a story is told."""

    def __init__(self, world, watches):
        self.world, self.oracles = world, [Watch(**watch) for watch in watches]
        self.triggers = []
        for number, watch in enumerate(self.oracles):
            trigger = Trigger.objects.create(
                name=str(number),
                group=None if watch.group is None else world.groups[watch.group],
                direction=watch.direction,
                threshold=watch.threshold,
                again=watch.again,
                rearm_at=watch.rearm_at,
            )
            tag = Tag.objects.create(name=trigger.name)
            TriggerAction.objects.create(trigger=trigger, type="add_tags", params={"tags": [tag.pk]})
            self.triggers.append(trigger)
        self.shown = world.scores(looking.today())
        self.crossings = None
        self.before = {}  # by publication: the rules, and when it came
        world.before_publishing = self.preview

    def look(self, step):
        """What the step moved, as the engine tells it: when days turn, first by fading, then by what expired."""
        state = "fired" if isinstance(step, MOVES_BY_ITSELF) else "held"
        on = looking.today()
        if isinstance(step, stories.Sleep):
            self.see(self.world.scores(on, expired=on - timedelta(days=step.days)), state)
        undone = Publication.objects.filter(rolled_back_by__isnull=False).order_by("rolled_back_by").last()
        was = None
        if isinstance(step, stories.Rollback) and undone:
            day, at, rules_then = self.before[undone.pk]
            was = self.world.scores(day, rules_then, at)  # by what is known now of what had happened by then
        self.see(self.world.scores(on), state, was)
        if self.crossings is not None:
            draft, expected = self.crossings
            held = Firing.objects.filter(publication=draft).values_list(
                "trigger", "contact", "before", "after", "state"
            )
            assert {(trigger, who): tuple(said) for trigger, who, *said in held} == expected
            self.crossings = None

    def see(self, shown, state, was=None):
        for watch in self.oracles:
            for contact in self.world.contacts:
                key = contact.pk, None if watch.group is None else self.world.groups[watch.group].pk
                before = None if was is None else was.get(key, 0)
                watch.see(contact.pk, self.shown.get(key, 0), shown.get(key, 0), True, state, before)
        self.shown = shown

    def preview(self, draft, scope):
        self.before[draft.pk] = looking.today(), timezone.now(), self.world.state.copy()
        looking.forecast(draft, scope)
        rows = {(one.trigger.pk, row.contact_id): row for one in forecasts.crossings(draft) for row in one.rows}
        due = {key: row for key, row in rows.items() if row.outcome == forecasts.Outcome.HELD}
        self.crossings = draft, {key: (row.before, row.after, "held") for key, row in due.items()}


@pytest.mark.django_db
@cases(quick=8)
@given(
    watches=st.lists(unconditional, min_size=1, max_size=3),
    story=stories.stories(lived, rules_=stories.any_rules),
)
def test_a_firing_exists_if_and_only_if_the_score_of_the_oracle_crossed_by_whatever_moved_it(watches, story):
    with undone() as clock:
        world = histories.World(story, STAGE[0], clock)
        watchers = Watchers(world, watches)
        world.live(settled=True, check=lambda world: watchers.look(world.step))

        for watch, trigger in zip(watchers.oracles, watchers.triggers, strict=True):
            assert sorted(trigger.firings.values_list("contact", "cycle", "state")) == watch.rows()
        fired = Firing.objects.filter(state="fired").values_list("pk", flat=True)
        assert sorted(Delivery.objects.values_list("firing", flat=True)) == sorted(fired)


@pytest.mark.parametrize(
    ("case", "watch", "scores", "times"),
    [
        ("reaches it", {}, [0, 9, 10], 1),
        ("stays there", {}, [0, 10, 11, 10], 1),
        ("once is once", {}, [0, 10, 0, 10], 1),
        ("again after it was back", {"again": "rearm"}, [0, 10, 9, 10], 2),
        ("not back enough", {"again": "rearm", "distance": 5}, [0, 10, 6, 10], 1),
        ("back enough", {"again": "rearm", "distance": 5}, [0, 10, 5, 10], 2),
        ("falls", {"direction": "falling"}, [0, 10, 9], 1),
        ("falls from nowhere", {"direction": "falling"}, [0, 9, -3], 0),
    ],
)
def test_the_oracle_watches_as_a_person_would(case, watch, scores, times):
    plain = {
        "group": None,
        "direction": "rising",
        "threshold": 10,
        "again": "once",
        "distance": None,
        "conditional": False,
    }
    oracle = Watch(**plain | watch)
    for before, after in pairwise(scores):
        oracle.see("ada", before, after, met=True)

    assert oracle.fired["ada"] == times
