"""Random stories: steps that a case takes, each printed as it is when one fails."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from scoring.models import Repeat

PEOPLE = ("ada", "bob", "cleo")
PAST, FROM_NOW = "past", "from_now"


@dataclass(frozen=True)
class Cap:
    amount: int
    unit: str
    per: str
    each: bool


@dataclass(frozen=True)
class Rule:
    """What a point action says. `window` is in days from the start of the story."""

    points: int
    repeat: str = "once"
    about: str = "assets"
    only: frozenset = frozenset()
    group: int = 0
    cap: Cap | None = None
    expires: int | None = None
    window: tuple = (None, None)


@dataclass(frozen=True)
class Terms:
    weight: str = "1.00"
    half_life: int | None = None
    floor: int | None = None
    ceiling: int | None = None
    cap: int | None = None
    per: str = "month"


@dataclass(frozen=True)
class Click:
    """A hit: `key` makes it the same one again; it happened so many hours before it came in."""

    key: int
    who: int
    about: str
    which: int
    hours_ago: int


@dataclass(frozen=True)
class Hits:
    clicks: tuple


@dataclass(frozen=True)
class Advance:
    """The pipeline takes so many of everything that waits: a sweep may be left half done."""

    limit: int


@dataclass(frozen=True)
class Sleep:
    days: int


@dataclass(frozen=True)
class Give:
    """An adjustment."""

    who: int
    group: int
    points: int


@dataclass(frozen=True)
class Move:
    """A contact's country changes, which the profile rules ask for."""

    who: int
    country: str


@dataclass(frozen=True)
class Save:
    """A point action is edited at once (None: switched off), from now on."""

    action: int
    rule: Rule | None


@dataclass(frozen=True)
class SetTerms:
    group: int
    terms: Terms


@dataclass(frozen=True)
class SetBounds:
    floor: int | None
    ceiling: int | None


@dataclass(frozen=True)
class Publish:
    """A draft with these edits is published."""

    edits: tuple
    scope: str


@dataclass(frozen=True)
class Rollback:
    """The latest publication that can be taken back is."""


@dataclass(frozen=True)
class Judge:
    """The verdict about an event is changed later."""

    event: int
    verdict: int


@dataclass(frozen=True)
class Hand:
    """All events of one contact are given to another (a merge), or to nobody (a consent withdrawn)."""

    who: int
    to: int | None


@dataclass(frozen=True)
class Merge:
    """One contact turns out to be another."""

    who: int
    to: int


@dataclass(frozen=True)
class Unmerge:
    """One of the merges is undone."""

    which: int


@dataclass(frozen=True)
class Allow:
    """A contact answers about profiling."""

    who: int
    yes: bool


def maybe(strategy):
    return st.none() | strategy


periods = st.sampled_from(["day", "week", "month", "ever"])
caps = st.builds(Cap, st.integers(1, 12), st.sampled_from(["times", "points"]), periods, st.booleans())
days = st.integers(-4, 8)
windows = st.sampled_from([(None, None)] * 4 + [(-2, None), (None, 1), (-3, 2)])
event_rules = st.builds(
    Rule,
    points=st.integers(-5, 9).filter(bool),
    repeat=st.sampled_from(Repeat.values),
    about=st.sampled_from(["assets", "assets", "forms"]),
    only=st.frozensets(st.integers(0, 1), max_size=1),
    group=st.integers(0, 1),
    cap=maybe(caps),
    expires=maybe(st.integers(1, 3)),
    window=windows,
)
profile_rules = st.builds(
    Rule, points=st.integers(-5, 9).filter(bool), about=st.just("profile"), group=st.integers(0, 1)
)
any_rules = st.one_of(event_rules, event_rules, event_rules, profile_rules)
terms_of_group = st.builds(
    Terms,
    weight=st.sampled_from(["1.00", "0.50", "2.25", "0.00"]),
    half_life=maybe(st.integers(1, 9)),
    floor=maybe(st.integers(-9, 0)),
    ceiling=maybe(st.integers(0, 30)),
    cap=maybe(st.integers(1, 30)),
    per=periods,
)
people = st.integers(0, len(PEOPLE) - 1)
hours_ago = st.sampled_from([0, 0, 1, 7, 24, 25, 31, 48, 72, 150])  # ties, neighbouring days, weeks and months
clicks = st.builds(
    Click, st.integers(0, 40), people, st.sampled_from(["assets", "assets", "forms"]), st.integers(0, 1), hours_ago
)
hits = st.builds(Hits, st.lists(clicks, min_size=1, max_size=10).map(tuple))
advances = st.builds(Advance, st.sampled_from([1, 1, 2, 1000]))
sleeps = st.builds(Sleep, st.sampled_from([1, 1, 2, 4]))
gifts = st.builds(Give, people, st.integers(0, 1), st.integers(-15, 15).filter(bool))
bounds = st.builds(SetBounds, maybe(st.integers(-9, 0)), maybe(st.integers(0, 25)))
merges = st.builds(Merge, people, people)
unmerges = st.builds(Unmerge, st.integers(0, 3))
set_terms = st.builds(SetTerms, st.integers(0, 1), terms_of_group)


def edits_of(rules_):
    return st.builds(Save, st.integers(0, 2), maybe(rules_))


def publishes(rules_):
    edits = st.lists(
        st.one_of(edits_of(rules_), edits_of(rules_), set_terms, bounds),
        min_size=1,
        max_size=3,
        unique_by=lambda edit: (type(edit), getattr(edit, "action", None), getattr(edit, "group", None)),
    )
    return st.builds(Publish, edits.map(tuple), st.sampled_from([PAST, PAST, FROM_NOW]))


@dataclass(frozen=True)
class Story:
    rules: tuple
    terms: tuple
    steps: tuple


def stories(steps, max_steps=12, rules_=event_rules, terms_=terms_of_group):
    return st.builds(
        Story,
        st.lists(rules_, min_size=1, max_size=3).map(tuple),
        st.tuples(st.one_of(st.just(Terms()), terms_), st.one_of(st.just(Terms()), terms_)),
        st.lists(steps, max_size=max_steps).map(tuple),
    )
