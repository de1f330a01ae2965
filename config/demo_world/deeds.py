"""What people do on Cuvelog's site and in its application, one thing at a time, as the hits each leaves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from config.demo_world import landing_pages, site
from config.demo_world.forms import LOOKING, SHEETS, SOON, THIS_YEAR, Question
from config.demo_world.people import Person, office_hours
from config.demo_world.world import SEED, World
from tracking import addresses, experiments, subjects
from tracking.hits import NewHit
from tracking.models import FormField, Kind

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


class Deeds:
    """Writes the story; the questions and subjects of forms and assets are read once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.story = Story()
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

    def visit(
        self, browser: Browser, at: datetime, language: str, topics: Mapping[str, float], contact_id: int | None = None
    ) -> None:
        referrer = self.world.random.choice(REFERRERS)
        for _page in range(self.world.random.choice([1, 1, 2, 2, 3, 4, 6])):
            page = self.world.random.choice(site.about(language, self.world.pick(topics)))
            self.page(browser, at, page, contact_id, referrer)
            at += timedelta(seconds=self.world.random.randint(15, 240))
            referrer = page.url

    def page(
        self, browser: Browser, at: datetime, page: site.Page, contact_id: int | None = None, referrer: str = ""
    ) -> None:
        data = {"title": page.title} | ({"referrer": referrer} if referrer else {})
        self._hit(Kind.PAGE_VISITED, at, contact_id=contact_id, url=page.url, data=data, **browser.seen())

    def land(self, person: Person, browser: Browser, key: str, at: datetime) -> None:
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

    def glance(self) -> None:
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

    def submit(self, person: Person, browser: Browser, key: str, at: datetime) -> None:
        form = self.world.forms[f"{key}_{person.speaks}"]
        page = {"paper": "paper", "contact": "demo"}.get(key)
        if page:
            self.land(
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
            self.download(person, browser, f"paper_{person.speaks}", at + timedelta(seconds=40))
            if person.kind in ("warm", "hot", "almost"):
                self.story.moves.append((at + timedelta(hours=1), person, "qualified"))

    def download(self, person: Person, browser: Browser, key: str, at: datetime) -> None:
        subject_id = self.subjects[id(self.world.assets[key])]
        self._hit(Kind.ASSET_DOWNLOADED, at, contact_id=person.id, subject_id=subject_id, **browser.seen())

    def event(self, person: Person, name: str, at: datetime) -> None:
        data = {"name": name, "email": person.contact.email, "trusted": True}
        self._hit(Kind.CUSTOM, at, data=data)

    def record_batches(self, person: Person, since: datetime, count: int) -> None:
        for _batch in range(count):
            days = (self.world.now - since) * self.world.random.random()
            self.event(person, "batch_recorded", office_hours(self.world, since + days))

    def _variant(self, key: str, browser: Browser, at: datetime) -> dict[str, Any]:
        """What the visitor saw of a page that was being tried."""
        if key not in self.variants or at < self.world.ago(landing_pages.TRIED_FOR):
            return {}
        seen = experiments.shown(self.variants[key], browser.visitor_id)
        return {"test": seen.test_id, "variant": seen.letter} if seen else {}

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

    def _hit(self, kind: Kind, at: datetime, **values: Any) -> None:
        if at < self.world.now:
            self.story.hits.append(NewHit(kind=kind, at=at, **values))
