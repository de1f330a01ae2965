"""The mails and SMS of the six months: what was sent to whom, and who opened and clicked. None of them leaves now.

Each is rendered by the product as on the day it was sent and kept as a Message, so it can be read in the admin, and its
opens and clicks carry its number.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigns import texting
from campaigns.mail import html, links, render
from campaigns.mail.render import Tracking
from campaigns.models import Delivery, Message
from config.demo_world import site
from config.demo_world.deeds import BROWSERS, Browser
from config.demo_world.people import Person, awake, office_hours
from config.demo_world.webinars import DAYS_SINCE_EXCISE
from config.demo_world.world import World
from contacts.models import Channel
from tracking import subjects
from tracking.hits import NewHit
from tracking.models import Kind, Subject
from tracking.verdicts import hidden_link

# email without its language: days ago, and to how many of those who may be written to
MAILINGS = {"letter_1": (150, 0.72), "letter_2": (95, 0.75), "letter_3": (33, 0.78)}
INVITATIONS = {"webinar_fr": (DAYS_SINCE_EXCISE + 13, 0.8), "webinar_en": (9, 0.8)}
OPENS = {
    "cold": 0.13,
    "reader": 0.5,
    "warm": 0.6,
    "hot": 0.85,
    "almost": 0.7,
    "customer": 0.5,
    "ambassador": 0.75,
    "job_seeker": 0.3,
}
CLICKS = {
    "cold": 0.06,
    "reader": 0.2,
    "warm": 0.38,
    "hot": 0.6,
    "almost": 0.4,
    "customer": 0.2,
    "ambassador": 0.45,
    "job_seeker": 0.1,
}  # of those who open
CHUNK = 500
# Every so many companies have their mails checked by a gateway that follows all links as soon as a mail comes in.
CHECKED_COMPANIES, GATEWAY = 12, "198.18.7.0"  # a network kept free for tests


@dataclass(frozen=True)
class Sending:
    person: Person
    key: str
    at: datetime


def plan(world: World, people: Sequence[Person], papers: Sequence[tuple[datetime, Person]]) -> list[Sending]:
    """Who is sent which email when, oldest first: mailings to everybody, and what followed from what somebody did."""
    sendings = [sending for person in people for sending in _to(world, person)]
    for at, person in papers:
        later = office_hours(world, at + timedelta(days=2))
        if at + timedelta(days=2) < world.now and later > at:
            sendings.append(Sending(person, f"after_paper_{person.speaks}", later))
    return sorted((sending for sending in sendings if _may_be_sent(world, sending)), key=lambda sending: sending.at)


def _to(world: World, person: Person) -> Iterator[Sending]:
    if person.joined > world.start:
        yield Sending(person, f"welcome_{person.speaks}", person.joined + timedelta(hours=world.random.uniform(1, 20)))
    for key, (days, share) in MAILINGS.items():
        if world.chance(share):
            yield Sending(person, f"{key}_{person.speaks}", _morning(world, days))
    for key, (days, share) in INVITATIONS.items():
        if key.endswith(person.speaks) and world.chance(share):
            yield Sending(person, key, _morning(world, days))
    if person.kind == "ambassador":
        yield Sending(
            person, f"ambassador_{person.speaks}", office_hours(world, world.ago(world.random.uniform(3, 60)))
        )


def _morning(world: World, days: int) -> datetime:
    """A mailing goes out over a quarter of an hour on a weekday morning."""
    day = world.ago(days)
    day -= timedelta(days=max(0, day.weekday() - 4))
    return day.replace(hour=8, minute=30, second=0, microsecond=0) + timedelta(seconds=world.random.uniform(0, 900))


def _may_be_sent(world: World, sending: Sending) -> bool:
    person = sending.person
    blocked = person.blocked_at is not None and person.blocked_at < sending.at
    return person.joined < sending.at < world.now - timedelta(minutes=30) and not blocked


class Post:
    """Keeps mails as they were sent, and says what came of them. Sources and links are read once."""

    def __init__(self, world: World, browsers: Mapping[int, Browser]) -> None:
        self.world = world
        self.browsers = browsers
        self.sources = {
            key: subjects.register(Subject.Type.EMAIL, email.pk, str(email)) for key, email in world.emails.items()
        }
        self.links = {key: self._links(key) for key in world.emails}
        self.kept: list[tuple[Sending, Message]] = []

    def send(self, sendings: Sequence[Sending]) -> list[NewHit]:
        """Keep these mails as sent; return the hits that followed. None of them leaves."""
        hits: list[NewHit] = []
        for start in range(0, len(sendings), CHUNK):
            chunk = sendings[start : start + CHUNK]
            for sending, message in zip(chunk, self._messages(chunk), strict=True):
                hits += self._followed(sending, message)
                self.kept.append((sending, message))
        return [hit for hit in hits if hit.at < self.world.now]

    def text(self, key: str, people: Sequence[tuple[Person, datetime]]) -> list[NewHit]:
        """The same for an SMS to those of them who have a phone; a third of them click."""
        sms = self.world.sms[key]
        about = subjects.register(Subject.Type.SMS, sms.pk, str(sms))
        ids = links.link_subjects(about, html.prepare("", sms.body).tracked())
        hits: list[NewHit] = []
        for person, at in people:
            if not person.contact.phone:
                continue
            message = Message.objects.create(
                contact=person.contact,
                channel=Channel.SMS,
                subject=about,
                recipient=person.contact.phone,
                created_at=at,
                sent_at=at,
            )
            message.text = texting.compose(sms, person.contact, about, message.pk, Delivery(contact=person.contact))
            message.save(update_fields=["text"])
            hit = NewHit(kind=Kind.SMS_SENT, at=at, contact_id=person.id, subject_id=about.pk, message_id=message.pk)
            hits.append(hit)
            if self.world.chance(0.35):
                later = at + timedelta(minutes=self.world.random.uniform(1, 200))
                hits += [
                    replace(hit, key=uuid.uuid4(), kind=Kind.SMS_CLICKED, at=later, subject_id=pk)
                    for pk in ids.values()
                ]
        return hits

    # --- the messages ---

    def _messages(self, sendings: Sequence[Sending]) -> list[Message]:
        """Made first, then written: the links in a mail carry its number."""
        messages = Message.objects.bulk_create(
            Message(
                contact=sending.person.contact,
                channel=Channel.EMAIL,
                subject=self.sources[sending.key],
                recipient=sending.person.contact.email or "",
                created_at=sending.at,
                sent_at=sending.at,
            )
            for sending in sendings
        )
        for sending, message in zip(sendings, messages, strict=True):
            self._write(message, sending)
        written = ["sender", "title", "html", "text", "headers"]
        return Message.objects.bulk_create(messages, update_conflicts=True, unique_fields=["id"], update_fields=written)

    def _write(self, message: Message, sending: Sending) -> None:
        person = sending.person
        tracking = Tracking(
            contact_id=person.id,
            message_id=message.pk,
            source=self.sources[sending.key],
            opens=person.opens_seen,
            links=True,
        )
        rendered = render.email(self.world.emails[sending.key], person.contact, tracking=tracking)
        message.sender, message.title = rendered.sender, rendered.title
        message.html, message.text = rendered.html, rendered.text
        message.headers = {
            "From": rendered.sender,
            "To": person.contact.email,
            "Reply-To": rendered.reply_to,
            "Subject": rendered.title,
            "Message-ID": f"<{uuid.uuid4()}@cuvelog.example>",
            **rendered.headers,
        }

    # --- what came of them ---

    def _links(self, key: str) -> dict[str, int]:
        email = self.world.emails[key]
        return links.link_subjects(self.sources[key], html.prepare(email.html, email.text).tracked())

    def _followed(self, sending: Sending, message: Message) -> Iterator[NewHit]:
        person, browser = sending.person, self.browsers[sending.person.id]
        sent = NewHit(
            kind=Kind.EMAIL_SENT,
            at=sending.at,
            contact_id=person.id,
            subject_id=self.sources[sending.key].pk,
            message_id=message.pk,
        )
        yield sent
        if (person.contact.company_id or 0) % CHECKED_COMPANIES == 1:
            yield from self._check(sent, self.links[sending.key])
        if not self.world.chance(OPENS[person.kind]):
            return
        opened = sending.at + timedelta(minutes=self.world.random.expovariate(1 / 300))
        for _again in range(self.world.random.choice([1, 1, 1, 2, 3]) if person.opens_seen else 0):
            yield self._by(browser, sent, Kind.EMAIL_OPENED, awake(opened))
            opened += timedelta(hours=self.world.random.uniform(0.2, 60))
        if self.links[sending.key] and self.world.chance(CLICKS[person.kind]):
            at = awake(opened) + timedelta(seconds=self.world.random.randint(8, 300))
            yield from self._click(sent, person, browser, self.links[sending.key], at)

    def _check(self, sent: NewHit, targets: Mapping[str, int]) -> Iterator[NewHit]:
        """Every link within a second, the one that nobody sees as well."""
        for number, pk in enumerate([*targets.values(), hidden_link.subject_id()]):
            at = sent.at + timedelta(seconds=2, milliseconds=90 * number)
            yield replace(
                sent,
                key=uuid.uuid4(),
                kind=Kind.EMAIL_CLICKED,
                at=at,
                subject_id=pk,
                user_agent=BROWSERS[0],
                ip=GATEWAY,
            )

    def _click(
        self, sent: NewHit, person: Person, browser: Browser, targets: Mapping[str, int], at: datetime
    ) -> Iterator[NewHit]:
        """A click, and the page it leads to."""
        url = self.world.random.choice(list(targets))
        yield replace(self._by(browser, sent, Kind.EMAIL_CLICKED, at), subject_id=targets[url])
        page = next((page for page in site.PAGES if page.url == url), None)
        if page and person.follows:
            visit = self._by(browser, sent, Kind.PAGE_VISITED, at + timedelta(seconds=2))
            yield replace(visit, subject_id=None, message_id=None, url=url, data={"title": page.title})

    @staticmethod
    def _by(browser: Browser, sent: NewHit, kind: Kind, at: datetime) -> NewHit:
        return replace(sent, key=uuid.uuid4(), kind=kind, at=at, **browser.seen())
