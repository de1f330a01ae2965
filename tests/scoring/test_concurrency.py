"""Pipelines, walks, marketers and a new day at once, on connections of their own: nothing is lost and nothing doubled."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from campaigns import triggers
from campaigns.models import Delivery, Firing
from config import pipeline
from contacts.models import Change, Tag
from scoring import ledger, previews, publications, rules, scores, sql, sweeps, terms, valuation
from scoring.models import (
    END,
    Adjustment,
    ContactScore,
    Edit,
    Forecast,
    PointAction,
    PointActionVersion,
    PointEntry,
    PointGroup,
    Publication,
    Repeat,
    Sweep,
    SweepContact,
    TermsVersion,
    Turn,
    Validity,
)
from scoring.publishing.actions import state_of
from scoring.rulebook import Rulebook
from scoring.sweeps import Plan
from tests.campaigns.drafting import of_group, of_rule
from tests.cases import THOROUGH
from tests.factories import ContactFactory, TriggerActionFactory, TriggerFactory
from tests.live import until
from tests.scoring import oracle
from tests.scoring.conftest import SINCE, download, happen, subject
from tests.threads import or_error, together
from tracking.models import Event, Hit, Kind, Subject

concurrent = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
CHANGES = (
    {"points": 7},
    {"repeat": Repeat.ALWAYS},
    {"cap_amount": 3, "cap_period": "week"},
    {"repeat": Repeat.DAILY, "points": -2},
    {"cap_unit": "points", "cap_amount": 20},
    {"expires_after_days": 30_000, "cap_amount": None},
    {"is_active": False},
    {"is_active": True, "points": 4},
)


@pytest.fixture
def world(publish, engagement):
    """Twelve people, two rules of events and one of profiles, and a trigger with an action."""
    people = [ContactFactory(country="FR" if number % 2 else "GB") for number in range(12)]
    fading = PointGroup.objects.create(name="Fading", half_life_days=20)
    actions = [publish(5), publish(3, source="form_submitted", repeat=Repeat.WEEKLY, group=fading)]
    french = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    actions.append(publish(6, source="profile_matches", params=french, group=fading))
    tag = Tag.objects.create(name="hot")
    hot = TriggerFactory(threshold=12, again="rearm")
    TriggerActionFactory(trigger=hot, type="add_tags", params={"tags": [tag.pk]})
    pipeline.drain()
    return people, actions, [engagement, fading]


class Crew:
    """Jobs that run beside each other until those that have an end are done; the errors of all of them."""

    def __init__(self):
        self.done, self.errors = threading.Event(), []

    def forever(self, job):
        return lambda: self._run(lambda: self._repeat(job))

    def once(self, job):
        return lambda: self._run(job)

    def _repeat(self, job):
        while not self.done.is_set():
            job()

    def _run(self, job):
        try:
            job()
        except Exception as error:  # the test's business
            self.errors.append(error)

    def work(self, forever, once):
        def all_of_those_with_an_end():
            together(*[self.once(job) for job in once])
            self.done.set()

        together(*[self.forever(job) for job in forever], all_of_those_with_an_end)
        assert self.errors == []


def visitors(people, count, seed):
    """Record so many hits, a tenth of them twice, in small lots; what they were, by key."""
    chance = random.Random(seed)
    abouts = {
        Kind.ASSET_DOWNLOADED: [subject(f"guide {seed} {number}") for number in range(3)],
        Kind.FORM_SUBMITTED: [subject(f"form {seed} {number}", Subject.Type.FORM) for number in range(2)],
    }
    happened = {}
    for number in range(count):
        kind = chance.choice(list(abouts))
        key = UUID(int=seed * 10_000 + number - (number % 10 == 9))
        at = AT + timedelta(minutes=chance.randrange(60 * 24 * 60))
        happened.setdefault(key, (chance.choice(people), kind, chance.choice(abouts[kind]), at))

    def record():
        for number, (key, (contact, kind, about, at)) in enumerate(happened.items()):
            happen(contact, kind, about, at, key=key)
            if number % 7 == 0:
                happen(contact, kind, about, at, key=key)
            time.sleep(0.01)

    return happened, record


def an_editor_of_rules(action, seed):
    def edit():
        chance = random.Random(seed)
        for change in chance.sample(CHANGES, 4):
            mine = PointAction.objects.get(pk=action.pk)
            for name, value in change.items():
                setattr(mine, name, value)
            mine.save()
            rules.publish(mine)
            time.sleep(0.05)

    return edit


def an_editor_of_terms(group):
    def edit():
        for change in ({"weight": 2}, {"cap_points": 9}, {"half_life_days": 7}, {"ceiling": 11}, {"cap_points": None}):
            terms.publish(PointGroup.objects.get(pk=group.pk), change)
            time.sleep(0.05)

    return edit


def a_publisher(action, seed):
    """Drafts for the past, one after the other; some are taken back, wherever their walk is."""

    def publish():
        chance = random.Random(seed)
        for change in chance.sample(CHANGES, 4):
            draft = publications.open_draft()
            publications.add(draft, "point_action", action.pk, state_of(PointAction.objects.get(pk=action.pk)) | change)
            patiently(lambda draft=draft: publications.publish(draft, chance.choice(["past", "past", "from_now"])))
            if chance.random() < 0.5:
                time.sleep(0.05)
                publications.rollback(Publication.objects.get(pk=draft.pk))

    return publish


def patiently(publish):
    """Publish once what was published before has been carried out."""
    for _ in range(400):
        try:
            return publish()
        except ValidationError:
            time.sleep(0.05)
    raise TimeoutError("an earlier change is never done")


def a_giver(people, group):
    def give():
        for number in range(30):
            ledger.adjust(people[number % len(people)].pk, group.pk, number + 1, note="x", key=UUID(int=number + 1))

    return give


def assert_nothing_lost_and_nothing_doubled(people, happened, actions):
    pipeline.drain()
    ids = [contact.pk for contact in people]
    assert (Hit.objects.count(), Change.objects.count()) == (0, 0)
    assert not Sweep.objects.filter(finished_at=None).exists()
    assert Event.objects.filter(key__in=happened).count() == len(happened)
    assert sql.differences() == []
    assert ledger_of_events() == due(happened)
    with transaction.atomic():
        held = scores.lock(ids)
        assert ledger.replay(held) == []
        assert sql.revalue(held) == 0
    today = scores.decay.today()
    evaluated = valuation.scores(Rulebook.current(), ids)
    assert {key: value for key, value in sql.values(ids, today).items() if value} == {
        key: value for key, value in evaluated.items() if value
    }
    for action in actions:
        numbers = list(action.versions.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        assert action.versions.filter(valid_until=END, valid_from__lt=END).count() <= 1


def ledger_of_events():
    entries = PointEntry.objects.filter(version__kind__isnull=False).select_related("version")
    return {
        (e.contact_id, e.action_id, e.version.number, e.object_id, e.period): (e.hits, e.credited, e.cut)
        for e in entries
    }


def due(happened):
    """The oracle's lines under the rules that came out of it all."""
    events = [(key, who.pk, kind, about.pk, at) for key, (who, kind, about, at) in happened.items()]
    versions = [
        oracle.Version(
            action=v.action_id,
            number=v.number,
            points=v.points,
            repeat=v.repeat,
            kind=v.kind,
            only=frozenset(),
            since=v.valid_from,
            until=v.valid_until,
            group=v.group_id,
            worth=v.worth,
            cap=v.cap_amount and oracle.Cap(v.cap_amount, v.cap_unit, v.cap_period, v.cap_per_object),
            expires=v.expires_after_days,
        )
        for v in PointActionVersion.objects.filter(kind__isnull=False)
    ]
    groups = [oracle.Group(g.pk, cap=g.cap_points, per=g.cap_period) for g in PointGroup.objects.all()]
    return {line.key: (line.hits, line.credited, line.cut) for line in oracle.lines(events, versions, groups)}


@pytest.mark.slow
@concurrent
@pytest.mark.parametrize("seed", range(20 if THOROUGH else 3))
def test_two_pipelines_walks_and_three_marketers_at_once_lose_and_double_nothing(world, seed):
    people, actions, groups = world
    first, record = visitors(people, 150, seed=2 * seed + 1)
    second, record_too = visitors(people, 150, seed=2 * seed + 2)
    crew = Crew()
    crew.work(
        forever=[lambda: pipeline.advance(limit=5), lambda: pipeline.advance(limit=8)],
        once=[
            record,
            record_too,
            an_editor_of_rules(actions[1], seed),
            an_editor_of_terms(groups[1]),
            a_publisher(actions[0], seed),
            a_giver(people, groups[0]),
        ],
    )

    assert_nothing_lost_and_nothing_doubled(people, first | second, actions)
    assert Adjustment.objects.filter(applied_at=None).count() == 0
    firings = list(Firing.objects.values_list("trigger", "contact", "cycle"))
    assert len(firings) == len(set(firings))
    assert Delivery.objects.count() == Firing.objects.filter(state="fired").count()


@concurrent
def test_two_workers_carry_out_two_walks_at_once(world):
    people, actions, groups = world
    happened, record = visitors(people, 60, seed=9)
    record()
    pipeline.drain()
    draft = publications.open_draft()
    publications.add(draft, "point_action", actions[0].pk, state_of(actions[0]) | {"repeat": Repeat.ALWAYS})
    publications.publish(draft, "past")
    terms.publish(groups[1], {"half_life_days": 3, "weight": 2})
    terms.publish(groups[0], {"cap_points": 20, "cap_period": "ever"})

    together(*[lambda: pipeline.drain(limit=2)] * 3)
    assert_nothing_lost_and_nothing_doubled(people, happened, actions)


@concurrent
def test_a_walk_that_is_rolled_back_while_two_workers_walk_leaves_every_score_as_it_was(world):
    people, actions, _ = world
    happened, record = visitors(people, 60, seed=8)
    record()
    pipeline.drain()
    ids = [contact.pk for contact in people]
    before, lines = sql.values(ids, scores.decay.today()), ledger_of_events()
    draft = publications.open_draft()
    publications.add(
        draft, "point_action", actions[0].pk, state_of(actions[0]) | {"repeat": Repeat.ALWAYS, "points": 9}
    )
    publications.publish(draft, "past")

    def take_back():
        time.sleep(0.1)
        publications.rollback(Publication.objects.get(pk=draft.pk))

    together(take_back, *[lambda: pipeline.drain(limit=1)] * 2)
    assert_nothing_lost_and_nothing_doubled(people, happened, actions)
    assert (sql.values(ids, scores.decay.today()), ledger_of_events()) == (before, lines)


@concurrent
@pytest.mark.parametrize("model", ["pointaction", "pointgroup"])
def test_whoever_saves_and_whoever_publishes_a_draft_of_the_same_do_not_wait_for_each_other(marketer, world, model):
    """Both wait for a batch that is running: the draft first, then the form, which must hold nothing the draft needs."""
    _, [action, *_], [engagement, _] = world
    draft = publications.open_draft()
    if model == "pointaction":
        publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 7})
        row, posted = action, of_rule(action, points=9)
    else:
        publications.add(draft, "point_group", engagement.pk, {"weight": "2.00"})
        row, posted = engagement, of_group(engagement, name="Renamed", weight="3")
    address = reverse(f"admin:scoring_{model}_change", args=[row.pk])

    def batch():
        with transaction.atomic():
            sql.share_rules()
            until(lambda: waiting() == 2)

    def publish():
        until(running)
        publications.publish(draft, "from_now")

    def save():
        until(lambda: waiting() == 1)
        return marketer.post(address, posted).status_code

    _, published, saved = together(batch, or_error(publish), or_error(save))
    assert (isinstance(published, Exception), saved) == (False, 302)
    row.refresh_from_db()
    assert (row.points, row.versions.count()) == (9, 3) if model == "pointaction" else row.weight == 3


@concurrent
def test_whoever_crosses_while_a_trigger_is_switched_on_is_there_already(world):
    [ada, *_], _, [engagement, _] = world
    trigger = TriggerFactory(threshold=15, is_active=False)

    def batch():
        with transaction.atomic():
            sql.share_rules()
            scores.lock([ada.pk])
            triggers.fire(scores.refresh([scores.Delta(ada.pk, engagement.pk, 20)]))
            until(lambda: waiting() == 1)

    def switch_on():
        until(running)
        return triggers.switch_on(trigger, "act")

    assert together(batch, switch_on) == [None, 1]
    assert list(trigger.firings.values_list("contact", "state")) == [(ada.pk, "fired")]


def waiting():
    """How many wait for the rules."""
    return _locks(granted=False)


def running():
    return _locks(granted=True) > 0


def _locks(granted):
    asked = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = %s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    with connection.cursor() as cursor:
        cursor.execute(asked, [granted])
        return cursor.fetchone()[0]


# --- a promise of the database each ------------------------------------------------------------------------------------


@concurrent
def test_there_is_one_draft_whoever_begins_it():
    drafts = together(*[publications.open_draft] * 5)

    assert {draft.pk for draft in drafts} == {Publication.objects.get().pk}


@concurrent
def test_a_draft_has_one_edit_of_a_row_whoever_edits(world):
    _, (action, *_), _ = world
    draft = publications.open_draft()
    state = state_of(action)

    def edit(points):
        return publications.add(
            Publication.objects.get(pk=draft.pk), "point_action", action.pk, state | {"points": points}
        )

    edits = together(*[lambda points=points: edit(points) for points in range(10, 15)])
    kept = Edit.objects.get()
    assert {one.pk for one in edits} == {kept.pk}
    assert action.versions.exclude(pk=kept.version_id).count() == 1  # what others had drafted is gone
    assert kept.version.points == kept.after["points"]


@concurrent
def test_a_draft_is_published_once_whoever_publishes(world):
    people, (action, *_), _ = world
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 8})

    results = together(*[or_error(lambda: publications.publish(draft, "past"))] * 4)
    assert sum(isinstance(result, ValidationError) for result in results) == 3
    pipeline.drain()
    assert action.versions.filter(valid_until=END, valid_from__lt=END).count() == 1

    results = together(*[or_error(lambda: publications.rollback(draft))] * 4)
    assert sum(isinstance(result, ValidationError) for result in results) == 3
    assert_nothing_lost_and_nothing_doubled(people, {}, [action])


@concurrent
def test_terms_have_one_current_version_and_numbers_in_order_whoever_sets_them(engagement):
    def weigh(weight):
        terms.publish(PointGroup.objects.get(pk=engagement.pk), {"weight": weight})

    def bound(ceiling):
        terms.publish_overall(0, ceiling)

    jobs = [lambda number=number: weigh(number) for number in range(2, 7)]
    together(*jobs, *[lambda number=number: bound(number) for number in range(10, 14)])
    for group in (engagement, None):
        versions = TermsVersion.objects.filter(group=group).order_by("number")
        assert [version.number for version in versions] == list(range(1, len(versions) + 1))
        assert [version.known_until == END for version in versions] == [False] * (len(versions) - 1) + [True]
    assert PointGroup.objects.get(pk=engagement.pk).weight == engagement.versions.get(known_until=END).weight


@concurrent
def test_a_version_has_one_current_validity_whoever_publishes(world):
    _, (action, *_), _ = world
    together(an_editor_of_rules(action, 1), an_editor_of_rules(action, 2), an_editor_of_rules(action, 3))

    known = Validity.objects.filter(version__action=action, known_until=END)
    counting = [version for version in action.versions.all() if version.valid_from < version.valid_until]
    assert sorted(known.values_list("version", flat=True)) == sorted(version.pk for version in counting)


@concurrent
def test_a_forecast_has_one_row_for_each_score_whoever_makes_it(world):
    people, (action, *_), _ = world
    for contact in people:
        download(contact, Subject.objects.filter(name="guide").first() or subject("guide"), AT)
    pipeline.drain()
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 8})
    previews.request(draft, "past")

    def look():
        sketched = previews.sketch(draft, timezone.now(), "past")
        with transaction.atomic():
            previews.write(draft, sketched, [contact.pk for contact in people])

    together(look, look, look)
    assert all(isinstance(done, int) for done in together(*[lambda: previews.step(size=3)] * 3))
    while previews.step():
        pass
    assert Forecast.objects.filter(publication=draft, group=None).count() == len(people)
    assert Forecast.objects.filter(publication=draft, group=action.group).count() == len(people)


@concurrent
def test_a_walk_lists_each_contact_once_and_a_day_is_turned_once_whoever_begins(world):
    people, (action, *_), _ = world
    for contact in people:
        download(contact, Subject.objects.filter(name="guide").first() or subject("guide"), AT)
    pipeline.drain()
    sweeps.owe("test", Plan(actions=[action.pk]))

    together(*[lambda: sweeps.next_range(3)] * 3)
    assert sorted(SweepContact.objects.values_list("contact", flat=True)) == sorted(contact.pk for contact in people)

    Turn.objects.all().delete()
    assert together(*[lambda: pipeline.advance(limit=3)] * 3).count(None) == 0
    assert Turn.objects.count() == 1


# --- refused by the database -------------------------------------------------------------------------------------------


def refused(name, make):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make()


@pytest.mark.django_db
def test_the_database_refuses_what_must_be_there_once(engagement, publish):
    version = publish(5).versions.get()
    contact = ContactFactory()
    draft = publications.open_draft()
    Edit.objects.create(publication=draft, type="point_group", ref_id=1, name="x")
    sweep = Sweep.objects.create(reason="x")
    SweepContact.objects.create(sweep=sweep, contact=contact)
    for group in (engagement, None):
        Forecast.objects.create(publication=draft, contact=contact, group=group, before=0, after=1)
        TermsVersion.objects.create(group=group, number=1)

    refused("one_draft", lambda: Publication.objects.create())
    refused(
        "one_edit_per_publication_and_row",
        lambda: Edit.objects.create(publication=draft, type="point_group", ref_id=1, name="y"),
    )
    refused("one_contact_per_sweep", lambda: SweepContact.objects.create(sweep=sweep, contact=contact))
    for group in (engagement, None):
        refused(
            "one_forecast_per_score",
            lambda group=group: Forecast.objects.create(
                publication=draft, contact=contact, group=group, before=0, after=2
            ),
        )
        refused("one_terms_version_per_number", lambda group=group: closed_terms(group, 1))
        refused("one_current_terms_per_group", lambda group=group: TermsVersion.objects.create(group=group, number=2))
    refused(
        "one_current_validity_per_version",
        lambda: Validity.objects.create(
            version=version, valid_from=SINCE, valid_until=END, worth=1, known_from=SINCE, known_until=END
        ),
    )
    assert ContactScore.objects.filter(contact=contact).count() == 0
    assert connection.is_usable()


def closed_terms(group, number):
    return TermsVersion.objects.create(group=group, number=number, known_until=timezone.now())
