"""Six months, week by week, through the door everything comes through: `hits.record_many()`, then the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from campaigns import webinars
from config import pipeline
from config.demo_world import enrolments, journeys, mailings, sql
from config.demo_world.deeds import Story
from config.demo_world.journeys import Journeys
from config.demo_world.people import PERMISSION, Person
from config.demo_world.world import Words, World
from contacts import segments, stages, tagging
from contacts.models import Channel, Consent, Contact, DoNotContact, Purpose
from scoring import values
from scoring.models import Adjustment
from tracking import hits
from tracking.hits import NewHit
from tracking.models import Kind

WEEK = timedelta(days=7)
AT_ONCE = 2000
BATCH = 4000


def settle(world: World, people: Sequence[Person]) -> None:
    """Save the contacts, each at its moment, with their tags and permissions; who may not be written to is blocked."""
    for _minute, joined in groupby(people, key=lambda person: person.joined.replace(second=0, microsecond=0)):
        group = list(joined)
        with sql.at(group[0].joined):
            Contact.objects.bulk_create(person.contact for person in group)
            Consent.objects.bulk_create(_consents(world, group))
            for key in {tag for person in group for tag in person.tags}:
                tagging.add([person.id for person in group if key in person.tags], [world.tags[key]])
    for person in people:
        if person.blocked_at and person.joined < person.blocked_at:
            with sql.at(person.blocked_at):
                _block(world, person, person.blocked_at)


def _consents(world: World, people: Sequence[Person]) -> Iterator[Consent]:
    """What people answered when they became known: yes, no, or nothing at all. A yes may also come with their form."""
    for person in people:
        for purpose, granted in ((Purpose.WEB_TRACKING, person.follows), (Purpose.EMAIL_TRACKING, person.opens_seen)):
            if not person.entry if granted else world.chance(0.5):
                yield Consent(
                    contact=person.contact,
                    purpose=purpose,
                    granted=granted,
                    text=PERMISSION.into(person.speaks),
                    source="Cuvelog",
                    given_at=person.joined,
                )


def _block(world: World, person: Person, at: datetime) -> None:
    reasons = {DoNotContact.Reason.UNSUBSCRIBED: 6, DoNotContact.Reason.BOUNCED: 2, DoNotContact.Reason.MANUAL: 1}
    DoNotContact.objects.create(
        contact=person.contact, channel=Channel.EMAIL, reason=world.pick(reasons), created_at=at
    )


def tell(world: World, people: Sequence[Person]) -> tuple[Story, Sequence[NewHit]]:
    """Everything that happens to these people, in order: their own doings, and the mails with what came of them."""
    drawn = Journeys(world)
    story = drawn.of(list(people))
    post = mailings.Post(world, drawn.browsers)
    sendings = mailings.plan(world, people, story.papers)
    world.say(f"writing {len(sendings)} mails as they were sent")
    eve = world.webinars["excise"].starts_at - timedelta(hours=20)
    happened = [*story.hits, *post.send([sending for sending in sendings if sending.at < eve])]
    happened += post.text("webinar_fr", [(person, eve) for at, person in story.registered if at < eve])
    happened += post.send([sending for sending in sendings if sending.at >= eve])
    happened += enrolments.remember(world, story.papers, post.kept)
    return story, sorted(happened, key=lambda hit: hit.at)


def play(world: World, story: Story, happened: Sequence[NewHit]) -> None:
    """Record and score week by week, so that what the pipeline notes of contacts bears that week's date."""
    moves = list(journeys.moments(story))
    begin = world.start - timedelta(days=30)
    while begin < world.now:
        end = min(begin + WEEK, world.now)
        with sql.around(end), sql.holding_since(end):
            week = [hit for hit in happened if begin <= hit.at < end]
            for start in range(0, len(week), AT_ONCE):
                hits.record_many(week[start : start + AT_ONCE])
            pipeline.drain(BATCH)
        _move(world, [(at, moved) for at, moved in moves if begin <= at < end])
        begin = end
    pipeline.drain(BATCH)


def _move(world: World, moves: Sequence[tuple[datetime, list[tuple[Person, str]]]]) -> None:
    for at, moved in moves:
        with sql.at(at):
            for key in {stage for _person, stage in moved}:
                ids = [person.id for person, stage in moved if stage == key]
                stages.set_stage(ids, world.stages[key], forward_only=True)


def hold_webinar(world: World, story: Story) -> None:
    """The webinar that is over: two of three who registered came."""
    webinar = world.webinars["excise"]
    came = {person.id for _at, person in story.registered if world.chance(0.65)}
    missed = {person.id for _at, person in story.registered} - came
    end = webinar.starts_at + timedelta(minutes=webinar.minutes)
    with sql.around(end), sql.holding_since(end):
        webinars.record(webinar, Kind.WEBINAR_ATTENDED, came, at=end)
        webinars.record(webinar, Kind.WEBINAR_MISSED, missed, at=end)
        pipeline.drain(BATCH)


def gather(world: World, people: Sequence[Person]) -> None:
    """Whom salespeople put on the fixed lists themselves."""
    club = [person.id for person in people if person.kind == "ambassador"]
    asleep = [person.id for person in people if person.kind == "reader"][::12]
    for key, days, ids in (("club", 70, club), ("wake", 12, asleep)):
        with sql.at(world.ago(days)):
            segments.add(world.segments[key], ids, note="Camille")
        with sql.holding_since(world.ago(days)):
            pipeline.drain(BATCH)


# Points people gave by hand: (points, group, note)
BY_HAND = [
    (10, "engagement", Words("Longue discussion au salon", "A long talk at the fair")),
    (15, "engagement", Words("A rappelé de lui-même", "Called back unprompted")),
    (-10, "engagement", Words("Budget gelé jusqu'à l'été", "Budget frozen until summer")),
    (5, "fit", Words("Agrandit sa salle de brassage", "Is extending the brewhouse")),
    (10, "ambassador", Words("A témoigné en réunion régionale", "Spoke for us at a regional meeting")),
]


def adjust(world: World, people: Sequence[Person]) -> None:
    """Salespeople give and take points, with a note; a few leads end up just below what the triggers wait for."""
    likely = [person for person in people if person.kind in ("warm", "hot", "customer", "ambassador")]
    for person in world.random.sample(likely, len(likely) // 8):
        points, group, note = world.random.choice(BY_HAND)
        _adjust(world, person, points, group, note, world.ago(world.random.uniform(1, 120)))
    pipeline.drain(BATCH)
    for number, person in enumerate(person for person in people if person.kind == "almost"):
        _bring_near(world, person, (57, 17)[number % 2])
    pipeline.drain(BATCH)


def _bring_near(world: World, person: Person, target: int) -> None:
    """So that a click or two carry this one across a threshold while somebody watches."""
    pk = person.contact.pk
    points = target - int(values.current([pk]).get((pk, world.groups["engagement"].pk), 0))
    if points:
        note = Words("Rencontre au salon Bières & Terroirs", "Met at the Beer & Terroir fair")
        _adjust(world, person, points, "engagement", note, world.ago(2))


def _adjust(world: World, person: Person, points: int, group: str, note: Words, at: datetime) -> None:
    Adjustment.objects.create(
        contact=person.contact,
        group=world.groups[group],
        points=points,
        note=world.name(note),
        author=world.users["camille" if person.speaks == "fr" else "oliver"],
        at=at,
    )
