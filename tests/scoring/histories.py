"""A story told to the engine, in the database, and to a mirror of it made of plain Python.

The mirror knows what was said and done (rules, terms, hits, adjustments, days); the oracle makes lines and scores of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import note

from config import pipeline
from contacts import consent, merging
from contacts.models import Change, Contact, Purpose
from scoring import ledger, publications, rules, scores, sql, sweeps, terms
from scoring.models import (
    Adjustment,
    PointAction,
    PointGroup,
    Publication,
    Sweep,
)
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from tests.scoring import looking, oracle
from tests.scoring.conftest import happen, subject
from tests.scoring.stories import FROM_NOW, PAST, PEOPLE, Cap, Save, SetTerms
from tracking import inbox
from tracking.models import Event, Hit, Kind, Subject
from tracking.verdicts.reasons import Sign

START = datetime(
    2040, 1, 27, 9, 30, tzinfo=UTC
)  # a Friday, the month's end near; later than any clock that is not ours
SINCE = START - timedelta(days=20)
ABOUT = {"assets": ("guide", "prices"), "forms": ("contact", "trial")}
KINDS = {"assets": Kind.ASSET_DOWNLOADED, "forms": Kind.FORM_SUBMITTED}
SOURCES = {"assets": "asset_downloaded", "forms": "form_submitted", "profile": "profile_matches"}
FRENCH = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Undone(Exception):
    """Leaves an atomic block without a trace."""


@contextmanager
def undone():
    """Undo everything that is done in the database within; the clock starts at START and stands still."""
    try:
        with time_machine.travel(START, tick=False) as clock, transaction.atomic():
            yield clock
            raise Undone
    except Undone:
        pass


@dataclass(frozen=True)
class Stage:
    """What every story begins with: made once for all cases of a test."""

    contacts: list
    groups: list
    subjects: dict

    @classmethod
    def set(cls):
        types = {"assets": Subject.Type.ASSET, "forms": Subject.Type.FORM}
        with time_machine.travel(START, tick=False):
            months = [date(2039, 12, 1), *(date(2040, month, 1) for month in range(1, 6))]
            for table in ("tracking_event", ledger.TABLE):
                inbox.ensure_months(table, months)
            stage = cls(
                [Contact.objects.create(email=f"{name}@example.com", country="GB") for name in PEOPLE],
                [PointGroup.objects.create(name=name) for name in ("Engagement", "Fit")],
                {about: [subject(name, type=types[about]).pk for name in names] for about, names in ABOUT.items()},
            )
            pipeline.drain()
        return stage


@dataclass
class State:
    """The mirror: what the oracle needs to know."""

    versions: dict = field(default_factory=dict)  # action → its versions
    terms: dict = field(default_factory=dict)  # group → oracle.Group
    floor: int | None = None
    ceiling: int | None = None
    holding: dict = field(default_factory=dict)  # (contact, action) → (version, since)

    def copy(self):
        return State(dict(self.versions), dict(self.terms), self.floor, self.ceiling, dict(self.holding))


@dataclass
class Undoing:
    """What it takes to undo a publication in the mirror."""

    publication: int
    rows: set
    before: State


class World:
    """A story told to the engine and to the mirror."""

    def __init__(self, story, stage, clock):
        self.clock, self.story = clock, story
        self.contacts = [Contact.objects.get(pk=contact.pk) for contact in stage.contacts]
        self.groups = [PointGroup.objects.get(pk=group.pk) for group in stage.groups]
        self.subjects = stage.subjects
        self.state, self.undoings, self.gifts, self.events = State(), [], [], {}
        self.countries, self.machines, self.snapshots = ["GB"] * len(PEOPLE), frozenset(), []
        self.before_publishing = None  # is called with the draft and its scope
        self.answers = []  # about profiling: who, when, yes or no
        self.origins, self.merges, self.into = {}, [], {}  # hit → whom it named; merges in force; loser → winner
        self.interrupted = {}  # (contact, action) → the profile version that was superseded while it held, and since when
        for group, said in zip(self.groups, story.terms, strict=True):
            for name, value in fields_of(said).items():
                setattr(group, name, value)
            group.save()
            self.state.terms[group.pk] = group_of(group.pk, said)
        self.actions = [self._begin(number, rule) for number, rule in enumerate(story.rules)]
        self.settle()

    def _begin(self, number, rule):
        action = PointAction.objects.create(name=f"rule {number}", group=self.groups[0], points=1)
        self._fill(action, rule)
        action.save()
        version = rules.publish(action, since=SINCE)
        self.state.versions[action.pk] = [self._version(version, rule, SINCE)]
        return action

    def _fill(self, action, rule):
        action.is_active = rule is not None
        if rule is None:
            return
        only = [self.subjects[rule.about][index] for index in sorted(rule.only)] if rule.about in ABOUT else []
        action.source, action.points, action.repeat = SOURCES[rule.about], rule.points, rule.repeat
        action.params = {"only": only} if rule.about in ABOUT else FRENCH
        action.group = self.groups[rule.group]
        cap = rule.cap or Cap(None, "times", "ever", False)
        action.cap_amount, action.cap_unit, action.cap_period, action.cap_per_object = (
            cap.amount,
            cap.unit,
            cap.per,
            cap.each,
        )
        action.expires_after_days = rule.expires
        action.active_from, action.active_until = map(moment, rule.window)

    def _version(self, version, rule, since):
        is_profile = rule.about not in ABOUT
        return oracle.Version(
            action=version.action_id,
            number=version.number,
            points=rule.points,
            repeat=rule.repeat,
            kind=None if is_profile else KINDS[rule.about],
            only=frozenset(version.params.get("only", ())),
            since=since,
            group=self.groups[rule.group].pk,
            cap=rule.cap and oracle.Cap(rule.cap.amount, rule.cap.unit, rule.cap.per, rule.cap.each),
            expires=rule.expires,
            window=tuple(map(moment, rule.window)),
        )

    # --- taking steps ---------------------------------------------------------------------------------------------------

    def live(self, *, settled=False, check=None):
        """Take every step; with `settled`, the pipeline has nothing left to do after each. `check` looks on after each."""
        for step in self.story.steps:
            self.clock.shift(timedelta(minutes=1))
            self.step = step
            self.take(step)
            if settled:
                self.settle()
            note(f"{timezone.now():%a %d %H:%M} {step}")
            if check:
                check(self)
        self.clock.shift(timedelta(minutes=1))

    def take(self, step):
        getattr(self, f"_{type(step).__name__.lower()}")(step)

    def settle(self):
        settle()
        self._look()

    def _hits(self, step):
        for click in step.clicks:
            at = timezone.now() - timedelta(hours=click.hours_ago)
            contact, about = self.contacts[click.who], self.subjects[click.about][click.which]
            key = UUID(int=click.key + 1)
            happen(contact, KINDS[click.about], Subject(pk=about), at, key=key)
            # A key received twice counts once, as first received.
            self.origins.setdefault(key, contact.pk)
            self.events.setdefault(key, (self._today(contact.pk), KINDS[click.about], about, at))

    def _advance(self, step):
        pipeline.advance(step.limit)

    def _sleep(self, step):
        """What waits when the day turns would be looked at by profile rules on another day."""
        if self._looks_at_profiles():
            self.settle()
        self.clock.shift(timedelta(days=step.days))
        pipeline.advance(1000)

    def _give(self, step):
        contact_id, group = self._today(self.contacts[step.who].pk), self.groups[step.group]
        ledger.adjust(contact_id, group.pk, step.points, note="x")
        self.gifts.append((contact_id, group.pk, timezone.now(), step.points))

    def _move(self, step):
        contact = self.contacts[step.who]
        contact.country = self.countries[step.who] = step.country
        contact.save()
        self.settle()

    def _allow(self, step):
        """Who does not allow profiling has no points; a yes brings them all back, but for profile lines, which begin anew."""
        contact_id = self._today(self.contacts[step.who].pk)
        (consent.give if step.yes else consent.withdraw)(contact_id, Purpose.PROFILING)
        self.answers.append((contact_id, timezone.now(), step.yes))
        self._settle_profiles()

    def _is_off(self, contact_id):
        said = [(at, number, yes) for number, (who, at, yes) in enumerate(self.answers) if who == contact_id]
        return bool(said) and not max(said)[2]

    def _judge(self, step):
        self._change_events(step.event, verdict=step.verdict)

    def _hand(self, step):
        """What a merge and a withdrawn consent ask of the engine: events change hands, both contacts are replayed."""
        if step.who == step.to:
            return
        self._take_everything()
        old, new = self.contacts[step.who].pk, None if step.to is None else self.contacts[step.to].pk
        self._events().filter(contact=old).update(contact=new)
        self.events = {key: ((new, *event[1:]) if event[0] == old else event) for key, event in self.events.items()}
        self._replay([old, *([new] if new else [])])

    def _merge(self, step):
        """All that named the loser, what still waits included, is the winner's; so are the points given to them."""
        loser, winner = self.contacts[step.who].pk, self.contacts[step.to].pk
        if loser == winner or loser in self.into or winner in self.into:
            return
        given = [number for number, gift in enumerate(self.gifts) if gift[0] == loser]
        said = [number for number, answer in enumerate(self.answers) if answer[0] == loser]
        inner = [pk for pk, into in self.into.items() if into == loser]
        self.merges.append((merging.merge(winner, loser), given, said, inner))
        self.into |= dict.fromkeys([loser, *inner], winner)
        self._pass_on(given, said, winner)

    def _unmerge(self, step):
        """It gets back what named it, and the points it had been given."""
        open_ = [one for one in self.merges if self.into[one[0].loser_id] == one[0].winner_id]
        if not open_:
            return
        done, given, said, inner = one = open_[step.which % len(open_)]
        merging.undo(done)
        self.merges.remove(one)
        self.into |= dict.fromkeys(inner, done.loser_id)
        del self.into[done.loser_id]
        self._pass_on(given, said, done.loser_id)

    def _pass_on(self, given, said, to):
        self.answers = [(to, *one[1:]) if number in said else one for number, one in enumerate(self.answers)]
        self.gifts = [(to, *gift[1:]) if number in given else gift for number, gift in enumerate(self.gifts)]
        self.events = {key: (self._today(self.origins[key]), *event[1:]) for key, event in self.events.items()}

    def _today(self, pk):
        """Whom a contact was merged into, if they were."""
        return self.into.get(pk, pk)

    def _change_events(self, number, verdict):
        self._take_everything()
        if not self.events:
            return
        key = sorted(self.events, key=lambda key: key.int)[number % len(self.events)]
        event = self._events().get(key=key)
        event_contact = event.contact_id
        # The fact that says so, not only the verdict: what comes near the event later makes the engine look again.
        signs = (event.signs or 0) & Sign.PASS | {2: Sign.PREFETCH, 3: Sign.HEAD}.get(verdict, 0)
        self._events().filter(key=key).update(verdict=verdict, signs=signs)
        self.machines = (self.machines - {key}) | ({key} if verdict >= 2 else set())
        if event_contact:
            self._replay([event_contact])

    def _events(self):
        return Event.objects.filter(key__isnull=False)

    def _take_everything(self):
        while Hit.objects.exists():
            pipeline.advance(1000)

    def _replay(self, contact_ids):
        with transaction.atomic():
            sql.share_rules()
            held = scores.lock(contact_ids)
            sweeps.catch_up(held)
            scores.refresh(ledger.replay(held))

    # --- editing --------------------------------------------------------------------------------------------------------

    def _save(self, step):
        action = self.actions[step.action % len(self.actions)]
        action.refresh_from_db()
        self._fill(action, step.rule)
        action.save()
        version = rules.publish(action)
        current = self._in_force(action.pk)
        if version is not None:
            self._put_into_force(action.pk, self._version(version, step.rule, timezone.now()), FROM_NOW)
        elif step.rule is None and current:
            self._put_into_force(action.pk, None, FROM_NOW)
        self._forget({("action", action.pk)})
        self._settle_profiles()

    def _setterms(self, step):
        group = self.groups[step.group]
        terms.publish(group, fields_of(step.terms))
        self.state.terms[group.pk] = group_of(group.pk, step.terms)
        self._forget({("group", group.pk)})

    def _setbounds(self, step):
        terms.publish_overall(step.floor, step.ceiling)
        self.state.floor, self.state.ceiling = step.floor, step.ceiling
        self._forget({("bounds", 1)})

    def draft(self, step):
        """The edits of the step in a draft; what the mirror does once it is published."""
        draft, following, rows = publications.open_draft(), [], set()
        for edit in step.edits:
            if isinstance(edit, Save):
                action = self.actions[edit.action % len(self.actions)]
                if ("action", action.pk) in rows:
                    continue
                action.refresh_from_db()
                self._fill(action, edit.rule)
                rows.add(("action", action.pk))
                kept = publications.add(draft, "point_action", action.pk, state_of(action))
                kept.refresh_from_db()
                version = kept.version and self._version(kept.version, edit.rule, None)
                following.append((self._put_into_force, (action.pk, version, step.scope)))
            elif isinstance(edit, SetTerms):
                group = self.groups[edit.group]
                rows.add(("group", group.pk))
                state = {name: None if value is None else str(value) for name, value in fields_of(edit.terms).items()}
                publications.add(draft, "point_group", group.pk, state)
                following.append((self._note_terms, (group.pk, edit.terms)))
            else:
                rows.add(("bounds", 1))
                publications.add(draft, "overall_score", 1, {"floor": edit.floor, "ceiling": edit.ceiling})
                following.append((self._note_bounds, (edit.floor, edit.ceiling)))
        return draft, following, rows

    def _publish(self, step):
        draft, following, rows = self.draft(step)
        if self.before_publishing:
            self.before_publishing(draft, step.scope)
        try:
            publications.publish(draft, step.scope)
        except ValidationError:  # an earlier one is still being carried out
            self.settle()
            publications.publish(draft, step.scope)
        before = self.state.copy()
        for do, arguments in following:
            do(*arguments)
        self.undoings.append(Undoing(draft.pk, rows, before))
        self._settle_profiles()

    def _rollback(self, step):
        if not self.undoings:
            return
        undoing = self.undoings.pop()
        publications.rollback(Publication.objects.get(pk=undoing.publication))
        for type_, ref in undoing.rows:
            if type_ == "action":
                self.state.versions[ref] = undoing.before.versions[ref]
            elif type_ == "group":
                self.state.terms[ref] = undoing.before.terms[ref]
            else:
                self.state.floor, self.state.ceiling = undoing.before.floor, undoing.before.ceiling
        self._settle_profiles()

    def _forget(self, rows):
        """A direct edit stands in the way of rolling back earlier publications of the same rows, and those before them."""
        while any(undoing.rows & rows for undoing in self.undoings):
            self.undoings.pop(0)

    def _note_terms(self, group_id, said):
        self.state.terms[group_id] = group_of(group_id, said)

    def _note_bounds(self, floor, ceiling):
        self.state.floor, self.state.ceiling = floor, ceiling

    def _in_force(self, action_id):
        return next((one for one in self.state.versions[action_id] if one.until is None), None)

    def _put_into_force(self, action_id, version, scope):
        """From now on: earlier versions end. For the past: only this one counts, or all at its price where it counts alike,
        each since the one before it ends."""
        now = timezone.now()
        kept = [one for one in self.state.versions[action_id] if one.until is None or one.since < one.until]
        is_past = scope == PAST and not (version and version.kind is None)
        if is_past and version and kept and all(counts_alike(one, version) for one in kept):
            kept = sorted(kept, key=lambda one: one.since)
            ends = [*(one.since for one in kept[1:]), now]
            starts = [BEGINNING, *ends[:-1]]
            kept = [
                replace(one, worth=version.points, since=since, until=until)
                for one, since, until in zip(kept, starts, ends, strict=True)
            ]
        elif is_past:
            kept, now = [], BEGINNING
        kept = [replace(one, until=now if one.until is None else min(one.until, now)) for one in kept]
        new = [replace(version, since=now)] if version else []
        self.state.versions[action_id] = [*kept, *new]

    # --- profile rules --------------------------------------------------------------------------------------------------

    def _looks_at_profiles(self):
        return any(one.kind is None for versions in self.state.versions.values() for one in versions)

    def _settle_profiles(self):
        """Profile lines begin when they are looked at: at once, so that the mirror knows when."""
        if self._looks_at_profiles() or self.state.holding:
            self.settle()

    def _look(self):
        """Lines of profile rules: they count from when one of the action began, as long as one goes on."""
        found = {}
        for action_id in self.state.versions:
            version = self._in_force(action_id)
            for contact, country in zip(self.contacts, self.countries, strict=True):
                key = contact.pk, action_id
                held = self.state.holding.get(key)
                if version and version.kind is None and country == "FR" and not self._is_off(contact.pk):
                    number, first = self.interrupted.pop(key, (None, None))
                    since = held[1] if held else first if number == version.number else timezone.now()
                    found[key] = (version, since)
                elif held and (version is None or version.number != held[0].number):
                    self.interrupted[key] = held[0].number, held[1]  # taken up again if that version comes back
                elif held:
                    self.interrupted.pop(key, None)
        self.state.holding = found

    # --- what the oracle makes of it ------------------------------------------------------------------------------------

    def lines(self, state=None, at=None):
        """The oracle's lines of all that happened (until `at`)."""
        state = state or self.state
        events = [
            (key, *event)
            for key, event in self.events.items()
            if key not in self.machines and (at is None or event[3] <= at) and not self._is_off(event[0])
        ]
        versions = [one for versions in state.versions.values() for one in versions]
        held = [
            oracle.Line(contact, replace(version, expires=None), 0, oracle.NEVER, since, since, 1, 1)
            for (contact, _), (version, since) in state.holding.items()
            if not self._is_off(contact)
        ]
        events_only = [one for one in versions if one.kind is not None]
        return [*oracle.lines(events, events_only, state.terms.values()), *held]

    def scores(self, today, state=None, at=None, lines=None, expired=None):
        """The oracle's scores on a day; with `expired`, what expired since that day still counts."""
        state = state or self.state
        given = [
            (who, group, oracle.day_of(when), points)
            for who, group, when, points in self.gifts
            if (at is None or when <= at) and not self._is_off(who)
        ]
        points = oracle.points_of(self.lines(state, at) if lines is None else lines, expired or today) + given
        found = oracle.scores(points, state.terms.values(), today, state.floor, state.ceiling)
        return {key: value for key, value in found.items() if value}

    def remember(self):
        """What stands at this moment, to ask the engine for later."""
        self.snapshots.append((timezone.now(), self.state.copy(), looking.book(Rulebook.current())))


def settle():
    """Let the pipeline do all that waits (as `drain`, which looks once more whether there is nothing left)."""
    while waits():
        assert pipeline.advance(), "what waits cannot be done"
    assert not Hit.objects.exists(), "a hit was parked"


def waits():
    """Is there anything for the pipeline to do?"""
    return (
        Hit.objects.filter(parked_at__isnull=True).exists()
        or Change.objects.exists()
        or Adjustment.objects.filter(applied_at__isnull=True).exists()
        or Sweep.objects.filter(finished_at__isnull=True).exists()
    )


def moment(day):
    return None if day is None else START + timedelta(days=day)


def fields_of(said):
    return {
        "weight": Decimal(said.weight),
        "half_life_days": said.half_life,
        "floor": said.floor,
        "ceiling": said.ceiling,
        "cap_points": said.cap,
        "cap_period": said.per,
    }


def group_of(pk, said):
    return oracle.Group(pk, Decimal(said.weight), said.half_life, said.floor, said.ceiling, said.cap, said.per)


def counts_alike(one, other):
    said = [(v.repeat, v.kind, v.only, v.group, v.cap, v.expires, v.window) for v in (one, other)]
    return said[0] == said[1] and not (one.cap and one.cap.unit == "points")
