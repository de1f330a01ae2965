"""What each contact does over six months: visits, forms, downloads, events of the application. Mails are in `mailings`.

A journey is drawn from the part a person plays. What it yields is not written anywhere yet: hits to record, and moves
through the funnel that follow from them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any

from config.demo_world import funnel, landing_pages, site
from config.demo_world.forms import LOOKING, SHEETS, SOON, THIS_YEAR, Question
from config.demo_world.people import Person, office_hours
from config.demo_world.world import SEED, World
from tracking import addresses, experiments, subjects
from tracking.hits import NewHit
from tracking.models import FormField, Kind

# How many visits of the site, at least and at most, and what they are about.
VISITS = {
    "cold": (0, 1, {"home": 3, "blog": 5, "product": 2}),
    "reader": (1, 3, {"blog": 8, "home": 2, "product": 2, "customers": 1}),
    "warm": (3, 6, {"blog": 4, "product": 4, "customers": 3, "pricing": 2, "home": 2}),
    "hot": (5, 9, {"pricing": 4, "product": 4, "demo": 2, "customers": 3, "home": 1, "blog": 1}),
    "almost": (3, 5, {"product": 4, "customers": 2, "blog": 2, "pricing": 1}),
    "customer": (2, 5, {"help": 6, "blog": 2, "product": 1, "customers": 1}),
    "ambassador": (3, 6, {"customers": 4, "blog": 4, "help": 2}),
    "job_seeker": (1, 3, {"careers": 7, "home": 2, "customers": 1}),
}
BROWSERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile",
    "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
]
NETWORKS = ["192.0.2.0", "198.51.100.0", "203.0.113.0"]  # kept free for documentation
REFERRERS = ["", "", "https://search.example/", "https://brasseurs.example/annuaire", "https://social.example/cuvelog"]


@dataclass
class Story:
    """All that happens, in no particular order."""

    hits: list[NewHit] = field(default_factory=list)
    moves: list[tuple[datetime, Person, str]] = field(default_factory=list)
    papers: list[tuple[datetime, Person]] = field(default_factory=list)
    registered: list[tuple[datetime, Person]] = field(default_factory=list)


@dataclass
class Browser:
    """What somebody looks at pages with."""

    visitor_id: uuid.UUID
    user_agent: str
    ip: str

    @classmethod
    def new(cls, world: World) -> Browser:
        visitor_id = uuid.UUID(int=world.random.getrandbits(128), version=4)
        return cls(visitor_id, world.random.choice(BROWSERS), world.random.choice(NETWORKS))

    def seen(self) -> dict[str, Any]:
        return {"visitor_id": self.visitor_id, "user_agent": self.user_agent, "ip": self.ip}


class Journeys:
    """Draws the journeys of everybody; the questions and subjects of forms and assets are read once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.story = Story()
        self.browsers: dict[int, Browser] = {}
        self.subjects = {
            id(owner): subjects.register(owner.subject_type, owner.pk, str(owner)).pk
            for owners in (world.forms, world.assets, world.landing_pages)
            for owner in owners.values()
        }
        self.variants = {
            key: found for key, page in world.landing_pages.items() if (found := list(experiments.running(page)))
        }
        self.glances = Random(SEED)
        self.labels = {
            (row.form_id, row.purpose): row.label for row in FormField.objects.filter(type=FormField.Type.CONSENT)
        }

    def of(self, people: list[Person]) -> Story:
        for person in people:
            self._journey(person)
        for _passer_by in range(len(people) // 6):
            at = office_hours(self.world, self.world.ago(self.world.random.uniform(1, 180)))
            self._visit(Browser.new(self.world), at, self.world.pick({"fr": 7, "en": 3}), VISITS["reader"][2])
        for _glance in range(len(people) // 8):
            self._glance()
        return self.story

    # --- one person ---

    def _journey(self, person: Person) -> None:
        browser = self.browsers[person.id] = Browser.new(self.world)
        if person.entry:
            self._arrive(person, browser)
        if person.follows:
            self._wander(person, browser)
        self._ask(person, browser)
        self._use(person)
        self._register(person, browser)

    def _arrive(self, person: Person, browser: Browser) -> None:
        """The first form somebody fills in is where the contact comes from; the visits before it were anonymous."""
        for _visit in range(self.world.random.choice([0, 1, 1, 2]) if person.follows else 0):
            before = office_hours(self.world, person.joined - timedelta(days=self.world.random.uniform(0.1, 12)))
            if before < person.joined:
                self._visit(browser, before, person.speaks, VISITS[person.kind][2])
        self._submit(person, browser, person.entry, person.joined)

    def _wander(self, person: Person, browser: Browser) -> None:
        least, most, topics = VISITS[person.kind]
        for _visit in range(self.world.random.randint(least, most)):
            self._visit(browser, self._some_time(person), person.speaks, topics, contact_id=person.id)

    def _ask(self, person: Person, browser: Browser) -> None:
        """The more interested ask for more: the paper, files, a demo."""
        chances = {"warm": 0.3, "hot": 0.8, "almost": 0.6, "reader": 0.08, "ambassador": 0.2}
        if self.world.chance(chances.get(person.kind, 0)):
            self._submit(person, browser, "paper", self._some_time(person))
        for asset, chance in (("prices", 0.5), ("sheet", 0.4), ("podcast", 0.2)):
            if self.world.chance(chance * chances.get(person.kind, 0)):
                self._download(person, browser, asset, self._some_time(person))
        if person.kind == "hot" and self.world.chance(0.7):
            self._submit(person, browser, "contact", self._some_time(person))

    def _use(self, person: Person) -> None:
        """What the application tells of its users."""
        if person.kind == "hot" and self.world.chance(0.45):
            begun = self._some_time(person)
            self._event(person, "trial_started", begun)
            self.story.moves.append((begun, person, "opportunity"))
            self._record_batches(person, begun, self.world.random.randint(1, 6))
            if self.world.now - begun > timedelta(days=21) and self.world.chance(0.5):
                bought = office_hours(self.world, begun + timedelta(days=15))
                self._event(person, "purchase", bought)
                self.story.moves.append((bought, person, "customer"))
        if person.kind in ("customer", "ambassador"):
            self._subscribe(person)

    def _subscribe(self, person: Person) -> None:
        for month in range(6):
            if month and self.world.chance(0.02):
                break
            self._event(person, "purchase", self.world.start + timedelta(days=30 * month + 1, hours=6))
        self._record_batches(person, self.world.start, self.world.random.randint(3, 20))
        mood = self.world.pick(
            {"survey_happy": 3, "survey_unhappy": 1, "": 4} if person.kind == "customer" else {"survey_happy": 1}
        )
        if mood:
            self._event(person, mood, self._some_time(person))
        for _referral in range(self.world.random.choice([0, 1, 1, 2]) if person.kind == "ambassador" else 0):
            at = self._some_time(person)
            self._event(person, "referral", at)
            if self.world.chance(0.5):
                self.story.moves.append((at, person, "ambassador"))
        if mood == "survey_unhappy" and self.world.chance(0.5):
            self._page(
                self.browsers[person.id], self._some_time(person), site.about(person.speaks, "cancel")[0], person.id
            )

    def _register(self, person: Person, browser: Browser) -> None:
        """For the webinar that is over, and for the one that is to come."""
        chances = {
            "reader": 0.12,
            "warm": 0.3,
            "hot": 0.5,
            "customer": 0.12,
            "ambassador": 0.4,
            "cold": 0.01,
            "almost": 0.2,
        }
        if not self.world.chance(chances.get(person.kind, 0)):
            return
        webinar = self.world.webinars["excise" if person.speaks == "fr" else "kegs"]
        latest = min(webinar.starts_at - timedelta(hours=3), self.world.now - timedelta(hours=1))
        earliest = max(person.joined, latest - timedelta(days=12))
        if earliest >= latest:
            return
        at = earliest + (latest - earliest) * self.world.random.random()
        self._land(
            person, browser, f"webinar_{'excise' if person.speaks == 'fr' else 'kegs'}", at - timedelta(minutes=2)
        )
        self._submit(person, browser, "webinar", at)
        if person.speaks == "fr":
            self.story.registered.append((at, person))

    # --- single things ---

    def _some_time(self, person: Person) -> datetime:
        """Some moment of the person's six months; the hot ones are hot now."""
        oldest = max(person.joined, self.world.start)
        if person.kind in ("hot", "almost"):
            oldest = max(oldest, self.world.ago(40))
        at = oldest + (self.world.now - oldest) * self.world.random.random()
        return max(office_hours(self.world, at), person.joined + timedelta(minutes=self.world.random.randint(2, 50)))

    def _visit(
        self, browser: Browser, at: datetime, language: str, topics: Mapping[str, float], contact_id: int | None = None
    ) -> None:
        referrer = self.world.random.choice(REFERRERS)
        for _page in range(self.world.random.choice([1, 1, 2, 2, 3, 4, 6])):
            page = self.world.random.choice(site.about(language, self.world.pick(topics)))
            self._page(browser, at, page, contact_id, referrer)
            at += timedelta(seconds=self.world.random.randint(15, 240))
            referrer = page.url

    def _page(
        self, browser: Browser, at: datetime, page: site.Page, contact_id: int | None = None, referrer: str = ""
    ) -> None:
        data = {"title": page.title} | ({"referrer": referrer} if referrer else {})
        self._hit(Kind.PAGE_VISITED, at, contact_id=contact_id, url=page.url, data=data, **browser.seen())

    def _land(self, person: Person, browser: Browser, key: str, at: datetime) -> None:
        page = self.world.landing_pages[key]
        if person.follows:
            self._hit(
                Kind.LANDING_PAGE_VISITED,
                at,
                subject_id=self.subjects[id(page)],
                url=addresses.landing_page(page),
                data={"title": page.title} | self._variant(key, browser, at),
                **browser.seen(),
            )

    def _variant(self, key: str, browser: Browser, at: datetime) -> dict[str, Any]:
        """What the visitor saw of a page that was being tried."""
        if key not in self.variants or at < self.world.ago(landing_pages.TRIED_FOR):
            return {}
        seen = experiments.shown(self.variants[key], browser.visitor_id)
        return {"test": seen.test_id, "variant": seen.letter} if seen else {}

    def _glance(self) -> None:
        """Somebody nobody knows comes to a page that is being tried, and leaves. (Chances of their own: nothing else moves.)"""
        key = self.glances.choice(sorted(self.variants))
        at = self.world.ago(self.glances.uniform(0.1, landing_pages.TRIED_FOR))
        visitor_id = uuid.UUID(int=self.glances.getrandbits(128), version=4)
        page, browser = self.world.landing_pages[key], Browser(visitor_id, BROWSERS[0], NETWORKS[0])
        self._hit(
            Kind.LANDING_PAGE_VISITED,
            at,
            subject_id=self.subjects[id(page)],
            url=addresses.landing_page(page),
            data={"title": page.title, "referrer": self.glances.choice(REFERRERS)} | self._variant(key, browser, at),
            **browser.seen(),
        )

    def _submit(self, person: Person, browser: Browser, key: str, at: datetime) -> None:
        form = self.world.forms[f"{key}_{person.speaks}"]
        page = {"paper": "paper", "contact": "demo"}.get(key)
        if page:
            self._land(
                person, browser, f"{page}_{person.speaks}", at - timedelta(seconds=self.world.random.randint(30, 300))
            )
        answers = {question.key: self._answer(person, question) for question in SHEETS[key].questions}
        agreed = {"web_tracking": person.follows, "email_tracking": person.opens_seen, "email": key == "newsletter"}
        consents = {purpose: self.labels[form.pk, purpose] for purpose, yes in agreed.items() if yes}
        self._hit(
            Kind.FORM_SUBMITTED,
            at,
            subject_id=self.subjects[id(form)],
            url=addresses.landing_page(self.world.landing_pages[f"{page}_{person.speaks}"]) if page else site.SITE,
            data={"form": form.pk, "answers": answers, "consents": consents},
            **browser.seen(),
        )
        self.story.moves.append((at, person, "opportunity" if key == "contact" else "lead"))
        if key == "paper":
            self.story.papers.append((at, person))
            self._download(person, browser, f"paper_{person.speaks}", at + timedelta(seconds=40))
            if person.kind in ("warm", "hot", "almost"):
                self.story.moves.append((at + timedelta(hours=1), person, "qualified"))

    def _answer(self, person: Person, question: Question) -> Any:
        """As the contact says it is: nothing a form says changes what is known."""
        contact = person.contact
        known = {
            "email": contact.email,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "phone": contact.phone,
            "company": contact.company.name if contact.company else "",
            "job_title": contact.job_title,
            "follow": person.follows,
            "read": person.opens_seen,
            "message": "",
            "letter": True,
            "recipes": "",
        }
        if question.key == "project":
            likely = (
                {SOON: 6, THIS_YEAR: 3, LOOKING: 1} if person.kind == "hot" else {SOON: 1, THIS_YEAR: 4, LOOKING: 5}
            )
            return self.world.pick(likely).into(person.speaks)
        return known[question.key] if question.key in known else contact.fields.get(question.key, "")

    def _download(self, person: Person, browser: Browser, key: str, at: datetime) -> None:
        subject_id = self.subjects[id(self.world.assets[key])]
        self._hit(Kind.ASSET_DOWNLOADED, at, contact_id=person.id, subject_id=subject_id, **browser.seen())

    def _event(self, person: Person, name: str, at: datetime) -> None:
        data = {"name": name, "email": person.contact.email, "trusted": True}
        self._hit(Kind.CUSTOM, at, data=data)

    def _record_batches(self, person: Person, since: datetime, count: int) -> None:
        for _batch in range(count):
            days = (self.world.now - since) * self.world.random.random()
            self._event(person, "batch_recorded", office_hours(self.world, since + days))

    def _hit(self, kind: Kind, at: datetime, **values: Any) -> None:
        if at < self.world.now:
            self.story.hits.append(NewHit(kind=kind, at=at, **values))


def moments(story: Story) -> Iterator[tuple[datetime, list[tuple[Person, str]]]]:
    """The moves forward through the funnel by the minute they were made in, oldest first."""
    moves = list(_forward(sorted(story.moves, key=lambda move: move[0])))
    for _minute, group in groupby(moves, key=lambda move: move[0].replace(second=0, microsecond=0)):
        made = list(group)
        yield made[-1][0], [(person, stage) for _at, person, stage in made]


def _forward(moves: list[tuple[datetime, Person, str]]) -> Iterator[tuple[datetime, Person, str]]:
    """Without those that would lead back, or nowhere."""
    order = list(funnel.STAGES)
    reached: dict[int, int] = {}
    for at, person, stage in moves:
        if order.index(stage) > reached.get(person.id, 0):
            reached[person.id] = order.index(stage)
            yield at, person, stage
